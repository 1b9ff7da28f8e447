// The edits of tfjs-node's C++ binding before it is compiled (tfjs-node 4.22.0, Apache-2.0):
// - `addFunctionDef(bytes: Uint8Array)` registers a serialized FunctionDef with the eager context,
//   so that a traced training step runs as one op;
// - `removeFunction(name: string)` removes it with its kernels, so that a process that meets many
//   shapes keeps the functions of a few;
// - `createTensor` copies. The published one lets TensorFlow use JavaScript's memory, which an
//   optimizer then updates in place, and which one of TensorFlow's threads releases with the
//   tensor, where V8 must not be called;
// - with CED_PDEATHSIG=1 in its environment, the kernel kills a process that loads the binding when
//   its parent dies (prctl(2), PR_SET_PDEATHSIG). An edit is inserted before a piece of the
//   published text, or replaces the text from one piece up to another. Sources that differ from the
//   published ones are refused.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './tools.mjs';

export const bindingEdits = [
  {
    file: 'tfjs_backend.cc',
    before: `  TF_AutoStatus tf_status;
  TFE_TensorHandle *tfe_tensor_handle =
      TFE_NewTensorHandle(tensor.tensor, tf_status.status);
  if (TF_GetCode(tf_status.status) != TF_OK) {
    delete auto_ref;`,
    from: '  // Sharing V8 memory with the underlying TensorFlow tensor',
    insert: `  const size_t byte_size = array_length * width;
  TF_AutoTensor tensor(TF_AllocateTensor(dtype, shape, shape_length, byte_size));
  if (byte_size > 0) memcpy(TF_TensorData(tensor.tensor), array_data, byte_size);

`,
  },
  {
    file: 'tfjs_backend.cc',
    before: `    TFE_DeleteTensorHandle(tfe_tensor_handle);
  }
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);

  return tfe_tensor_handle;
}

// Creates a TFE_TensorHandle from a JS array of Uint8Array`,
    from: `    delete auto_ref;
    TFE_DeleteTensorHandle(tfe_tensor_handle);
  }
  ENSURE_TF_OK`,
    insert: '',
  },
  {
    file: 'tfjs_backend.cc',
    before: '// Creates a TFE_TensorHandle from a JS typed array.',
    from: '// Callback to cleanup extra reference count for shared V8/TF tensor memory:',
    insert: '',
  },
  {
    file: 'tfjs_backend.h',
    before: '  napi_value ExecuteOp(napi_env env, napi_value op_name_value,',
    insert: `  // Registers a serialized FunctionDef (Uint8Array) with the eager context.
  napi_value AddFunctionDef(napi_env env, napi_value bytes);

  // Removes a function by its name.
  napi_value RemoveFunction(napi_env env, napi_value name);

`,
  },
  {
    file: 'tfjs_backend.cc',
    before: 'napi_value TFJSBackend::ExecuteOp(napi_env env, napi_value op_name_value,',
    insert: `napi_value TFJSBackend::AddFunctionDef(napi_env env, napi_value bytes) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  napi_status nstatus = napi_get_typedarray_info(\
env, bytes, &type, &length, &data, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  TF_AutoStatus tf_status;
  TFE_ContextAddFunctionDef(\
tfe_context_, static_cast<const char *>(data), length, tf_status.status);
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  return nullptr;
}

napi_value TFJSBackend::RemoveFunction(napi_env env, napi_value name) {
  std::string text;
  napi_status nstatus = GetStringParam(env, name, text);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  TF_AutoStatus tf_status;
  TFE_ContextRemoveFunction(tfe_context_, text.c_str(), tf_status.status);
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  return nullptr;
}

`,
  },
  {
    file: 'tfjs_binding.cc',
    before: 'static napi_value ExecuteOp(napi_env env, napi_callback_info info) {',
    insert: `static napi_value AddFunctionDef(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value args[1];
  napi_value js_this;
  napi_status nstatus = napi_get_cb_info(env, info, &argc, args, &js_this, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  if (argc < 1) {
    NAPI_THROW_ERROR(env, \
"Invalid number of args passed to addFunctionDef(). Expecting 1 arg but got %d.", argc);
    return nullptr;
  }
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  return backend->AddFunctionDef(env, args[0]);
}

static napi_value RemoveFunction(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value args[1];
  napi_value js_this;
  napi_status nstatus = napi_get_cb_info(env, info, &argc, args, &js_this, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  if (argc < 1) {
    NAPI_THROW_ERROR(env, \
"Invalid number of args passed to removeFunction(). Expecting 1 arg but got %d.", argc);
    return nullptr;
  }
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  return backend->RemoveFunction(env, args[0]);
}

`,
  },
  {
    file: 'tfjs_binding.cc',
    before: '      {"executeOp", nullptr, ExecuteOp,',
    insert: `      {"addFunctionDef", nullptr, AddFunctionDef, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"removeFunction", nullptr, RemoveFunction, nullptr, nullptr, nullptr,
       napi_default, nullptr},
`,
  },
  {
    file: 'tfjs_binding.cc',
    before: `  TFJSBackend *const backend = TFJSBackend::Create(env);
  ENSURE_VALUE_IS_NOT_NULL_RETVAL(env, backend, nullptr);`,
    insert: `  const char *die_with_parent = getenv("CED_PDEATHSIG");
  if (die_with_parent && strcmp(die_with_parent, "1") == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);

`,
  },
  {
    file: 'tfjs_binding.cc',
    before: '#include <node_api.h>\n',
    insert: `#include <signal.h>
#include <sys/prctl.h>
`,
  },
];

/** SHA-256 over the published files, in this order. */
const publishedFiles = [
  'napi_auto_ref.h',
  'tf_auto_status.h',
  'tf_auto_tensor.h',
  'tfe_auto_op.h',
  'tfjs_backend.cc',
  'tfjs_backend.h',
  'tfjs_binding.cc',
  'utils.h',
];
const publishedSha256 = 'c37c7f0de266f5415a296c4008faa5807b92788e00bc3ff2c69c84860747756e';

/** Copies the binding's sources from the npm package into `folder`, edited. */
export function writeEditedSources(packageBinding, folder) {
  const texts = publishedFiles.map((file) => readFileSync(join(packageBinding, file), 'utf8'));
  if (createHash('sha256').update(texts.join('')).digest('hex') !== publishedSha256)
    throw new SetupError(
      `${packageBinding} does not hold the published sources: ` +
        'remove node_modules and run set-up again',
    );
  for (const [index, file] of publishedFiles.entries()) {
    let text = texts[index];
    for (const edit of bindingEdits.filter((candidate) => candidate.file === file)) {
      const end = text.indexOf(edit.before);
      const start = edit.from === undefined ? end : text.indexOf(edit.from);
      text = text.slice(0, start) + edit.insert + text.slice(end);
    }
    writeFileSync(join(folder, file), text);
  }
}
