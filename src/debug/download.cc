// libdebuginfod brings libcurl and twenty libraries more, which would cost every start ten milliseconds. So it is
// loaded when it is needed and not linked.
#include "debug/download.h"

#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

#include "base/file.h"
#include "base/progress.h"

namespace dtp::debug {
namespace {

constexpr const char* library = "libdebuginfod.so.1";

struct Client {
  decltype(&debuginfod_begin) begin = nullptr;
  decltype(&debuginfod_end) end = nullptr;
  decltype(&debuginfod_find_debuginfo) find = nullptr;
  decltype(&debuginfod_find_source) find_source = nullptr;
  decltype(&debuginfod_set_progressfn) set_progress = nullptr;
  decltype(&debuginfod_set_user_data) set_data = nullptr;
};

// The library stays loaded: libcurl is not made to be unloaded.
bool load(Client& client) {
  void* const handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return false;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
    return function != nullptr;
  };
  return find(client.begin, "debuginfod_begin") && find(client.end, "debuginfod_end") &&
         find(client.find, "debuginfod_find_debuginfo") && find(client.find_source, "debuginfod_find_source") &&
         find(client.set_progress, "debuginfod_set_progressfn") && find(client.set_data, "debuginfod_set_user_data");
}

struct Transfer {
  DownloadLimits limits = {};
  base::Progress progress;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::string stopped = {};
};

// Called while it is downloaded, with the size when it is known. Not 0: stop.
int watch(Transfer& transfer, long done, long whole) {
  const auto size = static_cast<std::uint64_t>(std::max({done, whole, 0L}));
  const auto spent = std::chrono::steady_clock::now() - transfer.begin;
  if (size > transfer.limits.bytes)
    transfer.stopped = fmt::format("more than {} MB (--download-limit)", transfer.limits.bytes >> 20);
  else if (spent > std::chrono::seconds(transfer.limits.seconds))
    transfer.stopped = fmt::format("not done in {} s (--download-time)", transfer.limits.seconds);
  if (done > 0)
    transfer.progress.show(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(std::max(whole, 0L)));
  return transfer.stopped.empty() ? 0 : 1;
}

// What belongs to the client is asked of the library, which is loaded.
int on_progress(debuginfod_client* client, long done, long whole) {
  void* const handle = ::dlopen(library, RTLD_NOW | RTLD_NOLOAD);
  const auto get_data =
      reinterpret_cast<decltype(&debuginfod_get_user_data)>(::dlsym(handle, "debuginfod_get_user_data"));
  auto* const transfer = get_data == nullptr ? nullptr : static_cast<Transfer*>(get_data(client));
  ::dlclose(handle);
  return transfer == nullptr ? 1 : watch(*transfer, done, whole);
}

// `ask` is given the client and a place for the path, and gives a descriptor or a negative error number.
template <class Ask>
Download download(const char* what, const DownloadLimits& limits, const Ask& ask) {
  if (limits.bytes == 0) return {.path = "", .why_not = "nothing is to be downloaded"};
  Client client;
  if (!load(client)) return {.path = "", .why_not = fmt::format("{} is not installed", library)};
  const std::unique_ptr<debuginfod_client, decltype(client.end)> session(client.begin(), client.end);
  if (!session) return {.path = "", .why_not = "libdebuginfod cannot be used"};
  Transfer transfer{.limits = limits, .progress = base::Progress(fmt::format("downloading {}", what))};
  client.set_data(session.get(), &transfer);
  client.set_progress(session.get(), on_progress);
  char* path = nullptr;
  const base::Fd fd(ask(client, session.get(), &path));
  const std::unique_ptr<char, decltype(&std::free)> owned(path, std::free);
  if (fd) return {.path = path == nullptr ? "" : path, .why_not = ""};
  if (!transfer.stopped.empty()) return {.path = "", .why_not = transfer.stopped};
  return {.path = "", .why_not = fd.get() == -ENOENT ? "not there" : "no answer"};
}

const unsigned char* as_id(const std::string& build_id) {
  return reinterpret_cast<const unsigned char*>(build_id.c_str());
}

}  // namespace

bool has_servers() {
  const char* const urls = std::getenv("DEBUGINFOD_URLS");
  return urls != nullptr && std::string_view(urls).find_first_not_of(' ') != std::string_view::npos;
}

// A length of 0 says that the id is hex.
Download download_debug_file(const std::string& build_id, const DownloadLimits& limits) {
  return download("debug information", limits, [&](const Client& client, debuginfod_client* session, char** path) {
    return client.find(session, as_id(build_id), 0, path);
  });
}

Download download_source(const std::string& build_id, const std::string& source, const DownloadLimits& limits) {
  return download("source", limits, [&](const Client& client, debuginfod_client* session, char** path) {
    return client.find_source(session, as_id(build_id), 0, source.c_str(), path);
  });
}

}  // namespace dtp::debug
