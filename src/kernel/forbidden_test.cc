#include "kernel/forbidden.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kernel/fake_tracefs.h"

namespace dtp::kernel {
namespace {

// The two lists on disk and in a tracefs.
struct Machine {
  Machine() {
    char name[] = "/tmp/forbidden-XXXXXX";
    directory = ::mkdtemp(name);
    std::ofstream(directory + "/blacklist") << "0xffffffff81e01150-0xffffffff81e01180\tasm_exc_page_fault\n"
                                               "0xffffffff81e01180-0xffffffff81e011a0\t__memcpy\n";
    tracefs.files["available_filter_functions"] = "vfs_read\nnf_ct_get [nf_conntrack]\n";
  }
  ~Machine() { std::filesystem::remove_all(directory); }
  Forbidden forbidden() { return Forbidden(tracefs, directory + "/blacklist", directory); }

  std::string directory = {};
  FakeTraceFs tracefs = {};
};

TEST_CASE("functions that take no kprobe") {
  Machine machine;
  Forbidden forbidden = machine.forbidden();
  CHECK(forbidden.why("__memcpy") == "the kernel forbids probes in '__memcpy'");
  CHECK(forbidden.why("bpf_trace_run4") == "'bpf_trace_run4' cannot be traced");
  CHECK(forbidden.why("__memcpy.part.0") == "the kernel forbids probes in '__memcpy.part.0'");
  CHECK(forbidden.why("vfs_read") == "");
  CHECK(forbidden.why("vfs_read.cold") == "");
  CHECK(forbidden.why("nf_ct_get") == "");
  CHECK(forbidden.why("bpf_trace_run4.cold") == "'bpf_trace_run4.cold' cannot be traced");
}

TEST_CASE("lists that cannot be read forbid nothing") {
  FakeTraceFs tracefs;
  Forbidden forbidden(tracefs, "/nowhere", "/nowhere");
  CHECK(forbidden.why("__memcpy") == "");
}

TEST_CASE("a kernel that takes probes in functions that cannot be traced") {
  Machine machine;
  struct utsname names = {};
  REQUIRE(::uname(&names) == 0);
  std::ofstream(machine.directory + "/config-" + names.release) << "#\nCONFIG_KPROBE_EVENTS_ON_NOTRACE=y\n";
  Forbidden forbidden = machine.forbidden();
  CHECK(forbidden.why("bpf_trace_run4") == "");
  CHECK(forbidden.why("__memcpy") == "the kernel forbids probes in '__memcpy'");
}

}  // namespace
}  // namespace dtp::kernel
