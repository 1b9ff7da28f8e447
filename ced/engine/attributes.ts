/** Typed attributes of TensorFlow kernels, in the two forms they are needed: for an immediate call and for a node of a FunctionDef. */
import { DTYPE_NUMBERS, type DType, type Shape } from './tensor';

export type Attribute =
  | { readonly name: string; readonly kind: 'type'; readonly value: DType }
  | { readonly name: string; readonly kind: 'bool'; readonly value: boolean }
  | { readonly name: string; readonly kind: 'int'; readonly value: number }
  | { readonly name: string; readonly kind: 'float'; readonly value: number }
  | { readonly name: string; readonly kind: 'string'; readonly value: string }
  | { readonly name: string; readonly kind: 'shape'; readonly value: Shape };

export const typeAttribute = (name: string, value: DType): Attribute => ({ name, kind: 'type', value });
export const boolAttribute = (name: string, value: boolean): Attribute => ({ name, kind: 'bool', value });
export const intAttribute = (name: string, value: number): Attribute => ({ name, kind: 'int', value });
export const stringAttribute = (name: string, value: string): Attribute => ({ name, kind: 'string', value });
export const shapeAttribute = (name: string, value: Shape): Attribute => ({ name, kind: 'shape', value });

/** TF_AttrType of TensorFlow's C API. */
const ATTRIBUTE_NUMBERS = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

export interface BindingAttribute {
  name: string;
  type: number;
  value: unknown;
}

export function toBindingAttribute(attribute: Attribute): BindingAttribute {
  const value = attribute.kind === 'type' ? DTYPE_NUMBERS[attribute.value] : attribute.value;
  return { name: attribute.name, type: ATTRIBUTE_NUMBERS[attribute.kind], value };
}
