/** Which runs to cancel. */
export type CancelTarget<Category extends string = string> =
  | { readonly id: string }
  | { readonly name: string }
  | { readonly category: Category | 'script' | 'halt' }
  | { readonly all: true }
