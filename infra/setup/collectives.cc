// Two methods that set-up compiles into the TensorFlow binding: TensorFlow's collective operations
// between processes, and how they are ended from outside the thread that waits in one.
//
// TensorFlow starts a gRPC server for them, which has no authentication and would listen on every
// interface, and no setting changes that. Its call of bind(2) goes through the import table of its
// library, whose entry is replaced here before the server starts: it listens on the address that
// the process was given, or the call fails. The tables are those of the library that set-up pins;
// its entries are bound when first used (no BIND_NOW), so they can be written. Other systems have
// other tables: there it refuses to start the server.
#include <arpa/inet.h>
#include <errno.h>
#ifdef __linux__
#include <link.h>
#endif
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>

#include "tensorflow/c/c_api_experimental.h"
#include "tf_auto_status.h"
#include "tfjs_backend.h"
#include "utils.h"

namespace tfnodejs {
namespace {

in_addr listen_address;

#ifdef __linux__
int BindToListenAddress(int fd, const sockaddr *address, socklen_t length) {
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 copy;
    memcpy(&copy, address, sizeof copy);
    in6_addr &to = copy.sin6_addr;
    const bool any_v4 = IN6_IS_ADDR_V4MAPPED(&to) && to.s6_addr32[3] == INADDR_ANY;
    if (IN6_IS_ADDR_UNSPECIFIED(&to) || any_v4) {
      memset(&to, 0, sizeof to);
      to.s6_addr[10] = to.s6_addr[11] = 0xff;
      to.s6_addr32[3] = listen_address.s_addr;
      return bind(fd, reinterpret_cast<sockaddr *>(&copy), sizeof copy);
    }
  }
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in copy;
    memcpy(&copy, address, sizeof copy);
    if (copy.sin_addr.s_addr == INADDR_ANY) {
      copy.sin_addr = listen_address;
      return bind(fd, reinterpret_cast<sockaddr *>(&copy), sizeof copy);
    }
  }
  return bind(fd, address, length);
}

/** Replaces `bind` in the import table of one library of TensorFlow. */
int ReplaceBind(dl_phdr_info *library, size_t, void *replaced) {
  if (strstr(library->dlpi_name, "libtensorflow") == nullptr) return 0;
  const ElfW(Dyn) *entry = nullptr;
  for (int i = 0; i < library->dlpi_phnum; i++)
    if (library->dlpi_phdr[i].p_type == PT_DYNAMIC)
      entry = reinterpret_cast<const ElfW(Dyn) *>(library->dlpi_addr +
                                                  library->dlpi_phdr[i].p_vaddr);
  const ElfW(Rela) *imports = nullptr;
  const ElfW(Sym) *symbols = nullptr;
  const char *names = nullptr;
  size_t bytes = 0;
  for (; entry != nullptr && entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_JMPREL)
      imports = reinterpret_cast<const ElfW(Rela) *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_SYMTAB)
      symbols = reinterpret_cast<const ElfW(Sym) *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_STRTAB) names = reinterpret_cast<const char *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_PLTRELSZ) bytes = entry->d_un.d_val;
  }
  if (imports == nullptr || symbols == nullptr || names == nullptr) return 0;
  for (size_t i = 0; i < bytes / sizeof(ElfW(Rela)); i++) {
    const ElfW(Sym) &symbol = symbols[ELF64_R_SYM(imports[i].r_info)];
    if (strcmp(names + symbol.st_name, "bind") != 0) continue;
    *reinterpret_cast<void **>(library->dlpi_addr + imports[i].r_offset) =
        reinterpret_cast<void *>(BindToListenAddress);
    ++*static_cast<int *>(replaced);
  }
  return 0;
}
#endif

// The group that the process is in, and the newest one that was ended from outside: an order may
// come after a later group was joined, which it must not end, and before its own is joined, which
// must then not begin.
std::mutex generation_mutex;
int32_t current_generation = -1;
int32_t ended_generation = -1;

}  // namespace

napi_value TFJSBackend::EnableCollectiveOps(napi_env env, napi_value bytes,
                                            napi_value generation_value,
                                            napi_value address_value) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  int32_t generation;
  char address[INET_ADDRSTRLEN];
  ENSURE_NAPI_OK_RETVAL(
      env, napi_get_typedarray_info(env, bytes, &type, &length, &data, nullptr, nullptr), nullptr);
  ENSURE_NAPI_OK_RETVAL(env, napi_get_value_int32(env, generation_value, &generation), nullptr);
  ENSURE_NAPI_OK_RETVAL(
      env, napi_get_value_string_utf8(env, address_value, address, sizeof address, nullptr),
      nullptr);
  if (inet_pton(AF_INET, address, &listen_address) != 1) {
    NAPI_THROW_ERROR(env, "enableCollectiveOps: %s is no IPv4 address", address);
    return nullptr;
  }
  static int replaced = 0;
#ifdef __linux__
  if (replaced == 0) dl_iterate_phdr(ReplaceBind, &replaced);
#endif
  if (replaced == 0) {
    NAPI_THROW_ERROR(env, "enableCollectiveOps: TensorFlow would listen on every interface");
    return nullptr;
  }

  std::lock_guard<std::mutex> lock(generation_mutex);
  current_generation = -1;
  if (generation <= ended_generation) {
    NAPI_THROW_ERROR(env, "the group was ended before this process joined it");
    return nullptr;
  }
  TF_AutoStatus tf_status;
  TFE_EnableCollectiveOps(tfe_context_, data, length, tf_status.status);
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);

  // The devices have other names now, /job:worker/…
  TF_DeviceList *list = TFE_ContextListDevices(tfe_context_, tf_status.status);
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  const std::string wanted = is_gpu_device ? "GPU" : "CPU";
  for (int i = 0; i < TF_DeviceListCount(list); i++)
    if (wanted == TF_DeviceListType(list, i, tf_status.status))
      device_name = TF_DeviceListName(list, i, tf_status.status);
  TF_DeleteDeviceList(list);
  current_generation = generation;
  return nullptr;
}

// A thread of its own, since JavaScript's waits inside a collective when it is needed. It lives as
// long as the process. The other end of `fd` writes the generation to end (int32, little endian),
// or closes to end whichever there is and any later one.
napi_value TFJSBackend::AbortCollectiveOpsWhenReadable(napi_env env, napi_value fd_value) {
  int32_t fd;
  ENSURE_NAPI_OK_RETVAL(env, napi_get_value_int32(env, fd_value, &fd), nullptr);
  TFE_Context *context = tfe_context_;
  std::thread([context, fd]() {
    for (;;) {
      int32_t ended;
      const ssize_t got = read(fd, &ended, sizeof ended);
      if (got < 0 && errno == EINTR) continue;
      const bool closed = got != sizeof ended;
      std::lock_guard<std::mutex> lock(generation_mutex);
      if (closed) ended = INT32_MAX;
      if (ended > ended_generation) ended_generation = ended;
      if (current_generation >= 0 && (closed || ended == current_generation)) {
        TF_Status *why = TF_NewStatus();
        TF_SetStatus(why, TF_UNAVAILABLE, "the group was ended: a member is gone");
        TFE_AbortCollectiveOps(context, why);
        TF_DeleteStatus(why);
      }
      if (closed) return;
    }
  }).detach();
  return nullptr;
}

}  // namespace tfnodejs
