/**
 * Typed attributes of TensorFlow kernels, in the two forms they are needed: for an immediate call
 * and for a node of a FunctionDef.
 */
import { bytesField, floatField, integerField, message, stringField } from './protobuf';
import { DTYPE_NUMBERS, type DType, type Shape } from './tensor';

export type Attribute =
  | { readonly name: string; readonly kind: 'type'; readonly value: DType }
  | { readonly name: string; readonly kind: 'bool'; readonly value: boolean }
  | { readonly name: string; readonly kind: 'int'; readonly value: number }
  | { readonly name: string; readonly kind: 'float'; readonly value: number }
  | { readonly name: string; readonly kind: 'string'; readonly value: string }
  | { readonly name: string; readonly kind: 'shape'; readonly value: Shape }
  | { readonly name: string; readonly kind: 'types'; readonly value: readonly DType[] }
  | { readonly name: string; readonly kind: 'function'; readonly value: string };

export const typeAttribute = (name: string, value: DType): Attribute => ({
  name,
  kind: 'type',
  value,
});
export const boolAttribute = (name: string, value: boolean): Attribute => ({
  name,
  kind: 'bool',
  value,
});
export const intAttribute = (name: string, value: number): Attribute => ({
  name,
  kind: 'int',
  value,
});
export const stringAttribute = (name: string, value: string): Attribute => ({
  name,
  kind: 'string',
  value,
});
export const shapeAttribute = (name: string, value: Shape): Attribute => ({
  name,
  kind: 'shape',
  value,
});
export const typesAttribute = (name: string, value: readonly DType[]): Attribute => ({
  name,
  kind: 'types',
  value,
});
/** A function by its registered name. */
export const functionAttribute = (name: string, value: string): Attribute => ({
  name,
  kind: 'function',
  value,
});

/** TF_AttrType of TensorFlow's C API. */
const ATTRIBUTE_NUMBERS = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

export interface BindingAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** @throws Error for the kinds that the binding can't pass: they occur in traced functions only */
export function toBindingAttribute(attribute: Attribute): BindingAttribute {
  if (attribute.kind === 'types' || attribute.kind === 'function')
    throw new Error(`${attribute.name}: not outside a traced function`);
  const value = attribute.kind === 'type' ? DTYPE_NUMBERS[attribute.value] : attribute.value;
  return { name: attribute.name, type: ATTRIBUTE_NUMBERS[attribute.kind], value };
}

export const shapeProto = (shape: Shape): Buffer =>
  message(...shape.map((extent) => bytesField(2, integerField(1, extent))));

/**
 * AttrValue,
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/attr_value.proto
 */
export function attributeValue(attribute: Attribute): Buffer {
  switch (attribute.kind) {
    case 'string':
      return stringField(2, attribute.value);
    case 'int':
      return integerField(3, attribute.value);
    case 'float':
      return floatField(4, attribute.value);
    case 'bool':
      return integerField(5, attribute.value ? 1 : 0);
    case 'type':
      return integerField(6, DTYPE_NUMBERS[attribute.value]);
    case 'shape':
      return bytesField(7, shapeProto(attribute.value));
    case 'types':
      return bytesField(
        1,
        message(...attribute.value.map((type) => integerField(6, DTYPE_NUMBERS[type]))),
      );
    case 'function':
      return bytesField(10, stringField(1, attribute.value));
  }
}
