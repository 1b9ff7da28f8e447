// Two functions that set-up compiles into an addon beside the TensorFlow binding. TensorFlow's
// library writes to standard error while it is being loaded, before any setting of its own is read:
// `mute()` sends standard error to /dev/null and gives a number, `unmute(number)` brings it back.
// dup2(2) is atomic, so no other thread ever meets a closed descriptor.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

static napi_value Mute(napi_env env, napi_callback_info) {
  napi_value result;
  const int kept = fcntl(2, F_DUPFD_CLOEXEC, 3);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (kept >= 0 && nowhere >= 0) dup2(nowhere, 2);
  if (nowhere >= 0) close(nowhere);
  napi_create_int32(env, kept, &result);
  return result;
}

static napi_value Unmute(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  int32_t kept = -1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_value_int32(env, argument, &kept);
  if (kept >= 0) {
    dup2(kept, 2);
    close(kept);
  }
  return nullptr;
}

static napi_value Init(napi_env env, napi_value exports) {
  napi_value mute, unmute;
  napi_create_function(env, "mute", NAPI_AUTO_LENGTH, Mute, nullptr, &mute);
  napi_create_function(env, "unmute", NAPI_AUTO_LENGTH, Unmute, nullptr, &unmute);
  napi_set_named_property(env, exports, "mute", mute);
  napi_set_named_property(env, exports, "unmute", unmute);
  return exports;
}

NAPI_MODULE(ced_mute, Init)
