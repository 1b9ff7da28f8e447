/**
 * What training code wraps a model into leaves its mark in the names of tensors: `module.` of
 * DistributedDataParallel, `_orig_mod.` of torch.compile, `student.` or `model.` of a training
 * class.
 */

/** Of PyTorch's own wrappers, wherever they stand in a name. */
const WRAPPERS = new Set([
  'module',
  '_orig_mod',
  '_forward_module',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
]);
/** Every model has one such tensor: what stands before it stands before the others too. */
const ANCHOR = 'patch_embed.proj.weight';

/** Tensor names by what they are without wrappers: the names of the model itself. */
export interface UnwrappedNames {
  bareName: (name: string) => string;
  /** Prefixes of the models in one file, if it holds several. */
  models: string[];
}

export function unwrappedNames(names: Iterable<string>): UnwrappedNames {
  const models = new Set<string>();
  for (const name of names) {
    const bare = withoutWrappers(name);
    if (bare !== ANCHOR && !bare.endsWith(`.${ANCHOR}`)) continue;
    models.add(bare.slice(0, -ANCHOR.length).replace(/(^|\.)encoder\.$/, '$1'));
  }
  const [prefix = ''] = models;
  return {
    models: [...models],
    bareName: (name) => {
      const bare = withoutWrappers(name);
      return bare.startsWith(prefix) ? bare.slice(prefix.length) : bare;
    },
  };
}

function withoutWrappers(name: string): string {
  return name
    .split('.')
    .filter((part) => !WRAPPERS.has(part))
    .join('.');
}
