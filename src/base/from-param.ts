/** The place of a number that a parameter gives: `deadline: fromParam('patience')`. */
export interface FromParam<Name extends string = string> {
  readonly kind: 'from_param'
  readonly parameter: Name
}

/**
 * Takes an option from the parameter of this name instead of from the definition. The parameter is a number, and its
 * range lies inside of what the option takes; both are checked where the option is declared.
 */
export const fromParam = <const Name extends string>(parameter: Name): FromParam<Name> => ({
  kind: 'from_param',
  parameter,
})

/** Whether an option comes from a parameter. */
export const isFromParam = (option: unknown): option is FromParam =>
  typeof option === 'object' && option !== null && 'kind' in option && option.kind === 'from_param'
