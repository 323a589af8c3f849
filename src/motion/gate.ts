/**
 * The one switch that every setpoint passes. Closing it also raises the generation, which kills every grant that was
 * given before: opening it again brings none of them back.
 */
export class MotionGate {
  #open = false
  #generation = 0

  get isOpen(): boolean {
    return this.#open
  }

  /** How often it was closed. */
  get generation(): number {
    return this.#generation
  }

  open(): void {
    this.#open = true
  }

  close(): void {
    this.#open = false
    this.#generation++
  }
}
