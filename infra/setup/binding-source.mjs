// The edits of tfjs-node's C++ binding before it is compiled (tfjs-node 4.22.0, Apache-2.0):
// - `addFunctionDef(bytes: Uint8Array)` registers a serialized FunctionDef with the eager context,
//   so that a traced training step runs as one op;
// - `removeFunction(name: string)` removes it with its kernels, so that a process that meets many
//   shapes keeps the functions of a few;
// - `callLater(name, inputIds, outputCount)` calls a registered function on a thread of libuv's
//   pool and returns a promise, so that the JavaScript thread reads the next batch meanwhile;
// - `enableCollectiveOps` and `abortCollectiveOpsWhenReadable`, see collectives.cc;
// - `createTensor` copies. The published one lets TensorFlow use JavaScript's memory, which an
//   optimizer then updates in place, and which one of TensorFlow's threads releases with the
//   tensor, where V8 must not be called;
// - with CED_GPU_PINNED=1 in its environment, `createTensor` copies larger arrays into memory that
//   TensorFlow has pinned, from which CUDA copies to a GPU directly: it would read other memory
//   through a buffer of its own. Without a GPU nothing is pinned, and the tensors are the same;
// - with CED_PDEATHSIG=1 in its environment, Linux kills a process that loads the binding when its
//   parent dies (prctl(2), PR_SET_PDEATHSIG). An edit is inserted before a piece of the
//   published text, or replaces the text from one piece up to another. Sources that differ from the
//   published ones are refused.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './tools.mjs';

/** Methods of the binding, with the number of their arguments. */
const addedMethods = [
  ['addFunctionDef', 1],
  ['removeFunction', 1],
  ['callLater', 3],
  ['enableCollectiveOps', 3],
  ['abortCollectiveOpsWhenReadable', 1],
];

/** What JavaScript calls: hands the arguments on to the backend's method of the same name. */
function methodSource([name, count]) {
  const method = `${name[0].toUpperCase()}${name.slice(1)}`;
  const args = Array.from({ length: count }, (_, index) => `args[${index}]`).join(', ');
  const expected = count === 1 ? '1 arg' : `${count} args`;
  return `static napi_value ${method}(napi_env env, napi_callback_info info) {
  size_t argc = ${count};
  napi_value args[${count}];
  napi_value js_this;
  napi_status nstatus = napi_get_cb_info(env, info, &argc, args, &js_this, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  if (argc < ${count}) {
    NAPI_THROW_ERROR(env, \
"Invalid number of args passed to ${name}(). Expecting ${expected} but got %d.", argc);
    return nullptr;
  }
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  return backend->${method}(env, ${args});
}

`;
}

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
  if (pinned && byte_size >= kPinnedBytes) {
    TF_AutoStatus pinned_status;
    TFE_TensorHandle *handle =
        pinned->NewTensor(dtype, shape, shape_length, array_data, byte_size, pinned_status.status);
    ENSURE_TF_OK_RETVAL(env, pinned_status, nullptr);
    return handle;
  }
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
    insert: `// Smaller arrays are copied as fast as an op is started.
constexpr size_t kPinnedBytes = 1 << 16;

// Memory that an op on the CPU allocates: TensorFlow pins it with ConfigProto's
// force_gpu_compatible, but not what TF_AllocateTensor gives.
struct PinnedMemory {
  TFE_Context *context;
  std::string device;

  TFE_TensorHandle *NewTensor(TF_DataType dtype, const int64_t *shape, int64_t rank,
                              const void *data, size_t byte_size, TF_Status *status) const {
    TF_AutoTensor extents(TF_AllocateTensor(TF_INT32, &rank, 1, rank * sizeof(int32_t)));
    std::copy(shape, shape + rank, static_cast<int32_t *>(TF_TensorData(extents.tensor)));
    TFE_TensorHandle *input = TFE_NewTensorHandle(extents.tensor, status);
    if (TF_GetCode(status) != TF_OK) return nullptr;
    TFE_TensorHandle *handle = Empty(dtype, input, status);
    TFE_DeleteTensorHandle(input);
    void *memory = nullptr;
    if (TF_GetCode(status) == TF_OK) memory = TFE_TensorHandleDevicePointer(handle, status);
    if (TF_GetCode(status) == TF_OK) {
      memcpy(memory, data, byte_size);
      return handle;
    }
    if (handle) TFE_DeleteTensorHandle(handle);
    return nullptr;
  }

 private:
  TFE_TensorHandle *Empty(TF_DataType dtype, TFE_TensorHandle *shape, TF_Status *status) const {
    TFE_AutoOp empty(TFE_NewOp(context, "Empty", status));
    if (TF_GetCode(status) != TF_OK) return nullptr;
    TFE_OpSetDevice(empty.op, device.c_str(), status);
    if (TF_GetCode(status) != TF_OK) return nullptr;
    TFE_OpAddInput(empty.op, shape, status);
    if (TF_GetCode(status) != TF_OK) return nullptr;
    TFE_OpSetAttrType(empty.op, "dtype", dtype);
    TFE_OpSetAttrBool(empty.op, "init", 0);
    TFE_TensorHandle *handle = nullptr;
    int count = 1;
    TFE_Execute(empty.op, &handle, &count, status);
    return handle;
  }
};

`,
  },
  {
    file: 'tfjs_backend.cc',
    before: `  napi_status nstatus;
  napi_typedarray_type array_type;
  size_t array_length;`,
    from: `                                                       napi_value array_value) {
  napi_status nstatus;
  napi_typedarray_type array_type;`,
    insert: `                                                       napi_value array_value,
                                                       const PinnedMemory *pinned) {
`,
  },
  {
    file: 'tfjs_backend.cc',
    before: `  bool is_typed_array;
  napi_status nstatus = napi_is_typedarray(`,
    from: `                                                     napi_value array_value) {
  bool is_typed_array;`,
    insert: `                                                     napi_value array_value,
                                                     const PinnedMemory *pinned) {
`,
  },
  {
    file: 'tfjs_backend.cc',
    before: `  } else {
    return CreateTFE_TensorHandleFromStringArray(`,
    from: `                                                array_value);
  } else {
    return CreateTFE_TensorHandleFromStringArray(`,
    insert: `                                                array_value, pinned);
`,
  },
  {
    file: 'tfjs_backend.cc',
    before: `  // Check to see if an exception exists, if so return a failure.
  if (IsExceptionPending(env)) {
    return nullptr;
  }

  // Copy non-int32 and non-string tensors to a device.`,
    from: `      static_cast<TF_DataType>(dtype_int32), array_value);`,
    insert: `      static_cast<TF_DataType>(dtype_int32), array_value,
      dtype_int32 == TF_INT32 ? nullptr : pinned_.get());

`,
  },
  {
    file: 'tfjs_backend.cc',
    before: '  tfe_context_ = TFE_NewContext(tfe_options, tf_status.status);',
    insert: `  const char *pinned = getenv("CED_GPU_PINNED");
  const bool is_pinned = pinned && strcmp(pinned, "1") == 0;
  if (is_pinned) {
    // ConfigProto: field 6, gpu_options, of two bytes: field 8, force_gpu_compatible, is true.
    const uint8_t config[] = {6 << 3 | 2, 2, 8 << 3, 1};
    TFE_ContextOptionsSetConfig(tfe_options, config, sizeof(config), tf_status.status);
    if (TF_GetCode(tf_status.status) != TF_OK)
      NAPI_THROW_ERROR(env, "TensorFlow refuses the option for pinned memory");
  }
`,
  },
  {
    file: 'tfjs_backend.cc',
    before: '  // If no GPU devices found, fallback to host CPU:',
    insert: `  if (is_pinned) pinned_.reset(new PinnedMemory{tfe_context_, cpu_device_name});

`,
  },
  {
    file: 'tfjs_backend.h',
    before: '  TFE_Context *tfe_context_;',
    insert: `  // null where no memory is pinned.
  std::shared_ptr<const struct PinnedMemory> pinned_;
`,
  },
  {
    file: 'tfjs_backend.cc',
    before: '#include "tfjs_backend.h"\n',
    insert: '#include <functional>\n#include "tensorflow/c/eager/c_api_experimental.h"\n',
  },
  {
    file: 'tfjs_backend.h',
    before: '  napi_value ExecuteOp(napi_env env, napi_value op_name_value,',
    insert: `  // Registers a serialized FunctionDef (Uint8Array) with the eager context.
  napi_value AddFunctionDef(napi_env env, napi_value bytes);

  // Removes a function by its name.
  napi_value RemoveFunction(napi_env env, napi_value name);

  // Calls a function on another thread. Returns a promise of what ExecuteOp returns.
  napi_value CallLater(napi_env env, napi_value name, napi_value input_tensor_ids,
                       napi_value num_output_values);

  // Of collectives.cc.
  napi_value EnableCollectiveOps(napi_env env, napi_value bytes, \
napi_value generation, napi_value address);
  napi_value AbortCollectiveOpsWhenReadable(napi_env env, napi_value fd);

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

// What a call on another thread works with. The op holds references of its inputs, so JavaScript
// may delete them meanwhile.
struct LaterCall {
  std::function<napi_value(napi_env, TFE_TensorHandle *)> to_info;
  TFE_AutoOp op;
  TF_AutoStatus tf_status;
  std::vector<TFE_TensorHandle *> results;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;

  explicit LaterCall(TFE_Op *op) : op(op) {}

  static void Execute(napi_env env, void *data) {
    auto *call = static_cast<LaterCall *>(data);
    int size = call->results.size();
    TFE_Execute(call->op.op, call->results.data(), &size, call->tf_status.status);
  }

  static void Complete(napi_env env, napi_status nstatus, void *data) {
    std::unique_ptr<LaterCall> call(static_cast<LaterCall *>(data));
    napi_delete_async_work(env, call->work);
    napi_value result = nullptr;
    if (nstatus != napi_ok) {
      NAPI_THROW_ERROR(env, "the call was not made: %d", nstatus);
    } else if (EnsureTFOK(env, call->tf_status, __FILE__, __LINE__)) {
      napi_create_array_with_length(env, call->results.size(), &result);
      for (size_t i = 0; i < call->results.size(); i++)
        napi_set_element(env, result, i, call->to_info(env, call->results[i]));
    }
    bool thrown = false;
    napi_is_exception_pending(env, &thrown);
    if (thrown) {
      napi_value error;
      napi_get_and_clear_last_exception(env, &error);
      napi_reject_deferred(env, call->deferred, error);
    } else {
      napi_resolve_deferred(env, call->deferred, result);
    }
  }
};

napi_value TFJSBackend::CallLater(napi_env env, napi_value name, napi_value input_tensor_ids,
                                  napi_value num_output_values) {
  std::string text;
  napi_status nstatus = GetStringParam(env, name, text);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  TF_AutoStatus tf_status;
  TFE_Op *op = TFE_NewOp(tfe_context_, text.c_str(), tf_status.status);
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  auto call = std::make_unique<LaterCall>(op);
  call->to_info = [this](napi_env env, TFE_TensorHandle *handle) {
    return GenerateOutputTensorInfo(env, handle);
  };

  uint32_t num_input_ids;
  nstatus = napi_get_array_length(env, input_tensor_ids, &num_input_ids);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  for (uint32_t i = 0; i < num_input_ids; i++) {
    napi_value input_id;
    nstatus = napi_get_element(env, input_tensor_ids, i, &input_id);
    ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
    int32_t id;
    nstatus = napi_get_value_int32(env, input_id, &id);
    ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
    auto entry = tfe_handle_map_.find(id);
    if (entry == tfe_handle_map_.end()) {
      NAPI_THROW_ERROR(env, "Input Tensor ID not referenced (tensor_id: %d)", id);
      return nullptr;
    }
    TFE_OpAddInput(op, entry->second, tf_status.status);
    ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  }

  int32_t num_outputs;
  nstatus = napi_get_value_int32(env, num_output_values, &num_outputs);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  call->results.assign(num_outputs, nullptr);

  napi_value resource_name;
  nstatus = napi_create_string_utf8(env, "callLater", NAPI_AUTO_LENGTH, &resource_name);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  napi_value promise;
  nstatus = napi_create_promise(env, &call->deferred, &promise);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  nstatus = napi_create_async_work(env, nullptr, resource_name, LaterCall::Execute,
                                   LaterCall::Complete, call.get(), &call->work);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  nstatus = napi_queue_async_work(env, call->work);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  call.release();  // by Complete
  return promise;
}

`,
  },
  {
    file: 'tfjs_binding.cc',
    before: 'static napi_value ExecuteOp(napi_env env, napi_callback_info info) {',
    insert: addedMethods.map(methodSource).join(''),
  },
  {
    file: 'tfjs_binding.cc',
    before: '      {"executeOp", nullptr, ExecuteOp,',
    insert: `      {"addFunctionDef", nullptr, AddFunctionDef, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"removeFunction", nullptr, RemoveFunction, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"callLater", nullptr, CallLater, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"enableCollectiveOps", nullptr, EnableCollectiveOps, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"abortCollectiveOpsWhenReadable", nullptr, AbortCollectiveOpsWhenReadable, nullptr,
       nullptr, nullptr, napi_default, nullptr},
`,
  },
  {
    file: 'tfjs_binding.cc',
    before: `  TFJSBackend *const backend = TFJSBackend::Create(env);
  ENSURE_VALUE_IS_NOT_NULL_RETVAL(env, backend, nullptr);`,
    insert: `#ifdef __linux__
  const char *die_with_parent = getenv("CED_PDEATHSIG");
  if (die_with_parent && strcmp(die_with_parent, "1") == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif

`,
  },
  {
    file: 'tfjs_binding.cc',
    before: '#include <node_api.h>\n',
    insert: `#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif
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
