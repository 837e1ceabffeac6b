#include "record/address_spaces.h"

#include <doctest/doctest.h>
#include <linux/perf_event.h>

namespace dtp::record {
namespace {

std::string describe(const AddressSpace& space) {
  std::string out;
  for (const Mapping& mapping : space.mappings) {
    out += std::to_string(mapping.start) + "-" + std::to_string(mapping.end) + "@" + std::to_string(mapping.offset) +
           mapping.module->path + " ";
  }
  return out;
}

}  // namespace

TEST_CASE("a mapping takes the place of what it lies over") {
  struct Row {
    const char* what;
    std::uint64_t start, end;
    const char* after;
  };
  const Row rows[] = {
      {"between", 300, 400, "100-200@0a 300-400@7new 500-600@50b "},
      {"touching", 200, 500, "100-200@0a 200-500@7new 500-600@50b "},
      {"over the end of one", 150, 300, "100-150@0a 150-300@7new 500-600@50b "},
      {"over the start of one", 400, 550, "100-200@0a 400-550@7new 550-600@100b "},
      {"in the middle of one", 120, 150, "100-120@0a 120-150@7new 150-200@50a 500-600@50b "},
      {"over all", 0, 900, "0-900@7new "},
      {"exactly one", 100, 200, "100-200@7new 500-600@50b "},
      {"nothing", 300, 300, "100-200@0a 500-600@50b "},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    AddressSpaces spaces;
    spaces.add({1, 100, 200, 0, {"a"}});
    spaces.add({1, 500, 600, 50, {"b"}});
    spaces.add({1, row.start, row.end, 7, {"new"}});
    CHECK(describe(spaces.of(1)) == row.after);
  }
}

TEST_CASE("an address is found in the mapping that holds it") {
  AddressSpaces spaces;
  spaces.add({1, 100, 200, 0, {"a"}});
  spaces.add({1, 200, 300, 0, {"b"}});
  CHECK(find_mapping(spaces.of(1), 99) == nullptr);
  CHECK(find_mapping(spaces.of(1), 100)->module->path == "a");
  CHECK(find_mapping(spaces.of(1), 199)->module->path == "a");
  CHECK(find_mapping(spaces.of(1), 200)->module->path == "b");
  CHECK(find_mapping(spaces.of(1), 300) == nullptr);
  CHECK(find_mapping(spaces.of(2), 100) == nullptr);
}

TEST_CASE("a new process has its parent's mappings until either changes") {
  AddressSpaces spaces;
  spaces.add({1, 100, 200, 0, {"a"}});
  spaces.fork(2, 1);
  CHECK(spaces.of(2).id == spaces.of(1).id);
  spaces.add({2, 300, 400, 0, {"b"}});
  CHECK(spaces.of(2).id != spaces.of(1).id);
  CHECK(describe(spaces.of(1)) == "100-200@0a ");
  spaces.clear(1);
  CHECK(describe(spaces.of(1)).empty());
  CHECK(describe(spaces.of(2)) == "100-200@0a 300-400@0b ");
}

TEST_CASE("a module knows where its code begins, and the kernel's which kernel they are of") {
  AddressSpaces spaces;
  spaces.add({1, 0x5000, 0x6000, 0x3000, {"/a"}});
  spaces.add({1, 0x4000, 0x5000, 0x2000, {"/a"}});
  CHECK(spaces.of(1).mappings.front().module->code_start == 0x2000);
  spaces.add({0, 0xffff0000, 0xffff8000, 0, {"[kernel.kallsyms]", "abcd", true}});
  spaces.add({0, 0xffff9000, 0xffffa000, 0, {"[xfs]", "", true}});
  CHECK(find_mapping(spaces.kernel(), 0xffff9001)->module->code_start == 0xffff9000);
  CHECK(find_mapping(spaces.kernel(), 0xffff9001)->module->kernel_id == "abcd");
}

TEST_CASE("the frames of a chain") {
  constexpr std::uint64_t in_kernel = static_cast<std::uint64_t>(PERF_CONTEXT_KERNEL);
  constexpr std::uint64_t in_program = static_cast<std::uint64_t>(PERF_CONTEXT_USER);
  AddressSpaces spaces;
  spaces.add({0, 0xffff0000, 0xffff8000, 0, {"[kernel.kallsyms]", "", true}});
  spaces.add({1, 0x1000, 0x2000, 0x500, {"/a"}});
  const Stack stack{.chain = {in_kernel, 0xffff1000, 0xffff2000, 0xffffffff, in_program, 0x1800, 0x1000, 0x1001},
                    .user = &spaces.of(1),
                    .kernel = &spaces.kernel()};
  std::vector<Frame> frames;
  resolve_chain(stack, frames);
  const Module* const kernel = spaces.kernel().mappings.front().module;
  const Module* const program = spaces.of(1).mappings.front().module;
  const std::vector<Frame> expected{
      {0xffff1000, 0xffff1000, kernel, true, false},
      {0xffff2000, 0xffff1fff, kernel, true, true},
      {0xffffffff, 0xfffffffe, kernel, true, true},  // a trampoline
      {0x1800, 0xd00, program, false, false},
      {0x1000, 0xfff, nullptr, false, true},  // the call is one byte before
      {0x1001, 0x500, program, false, true},
  };
  CHECK(frames == expected);
}

TEST_CASE("the kernel's mappings are those of all") {
  AddressSpaces spaces;
  spaces.add({UINT32_MAX, 0xffff0000, 0xffff8000, 0, {"[kernel.kallsyms]", "", true}});
  CHECK(find_mapping(spaces.kernel(), 0xffff0001)->module->is_kernel);
  CHECK(spaces.of(UINT32_MAX).mappings.empty());
}

}  // namespace dtp::record
