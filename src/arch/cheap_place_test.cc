#include "arch/cheap_place.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace {

using dtp::arch::CheapPlace;
using dtp::arch::Needs;
using Bytes = std::vector<unsigned char>;

constexpr std::uint32_t bit(int dwarf) { return 1U << dwarf; }
constexpr int ax = 0, sp = 7, di = 5, si = 4, r8 = 8, r12 = 12;

std::optional<CheapPlace> place_in(const Bytes& code, const Needs& needs = {}) {
  return dtp::arch::find_cheap_place(std::as_bytes(std::span(code)), code.size(), needs);
}

// The place's offset; -1: none.
int offset_in(const Bytes& code, const Needs& needs = {}) {
  const auto place = place_in(code, needs);
  return place ? static_cast<int>(place->offset) : -1;
}

TEST_CASE("what the kernel emulates") {
  CHECK(offset_in({0x50}) == 0);                       // push %rax
  CHECK(offset_in({0x41, 0x57}) == 0);                 // push %r15
  CHECK(offset_in({0x90}) == 0);                       // nop
  CHECK(offset_in({0x66, 0x90}) == 0);                 // xchg %ax,%ax
  CHECK(offset_in({0xEB, 0x10}) == 0);                 // jmp
  CHECK(offset_in({0xE9, 0x10, 0, 0, 0}) == 0);        // jmp
  CHECK(offset_in({0xE8, 0x10, 0, 0, 0}) == 0);        // call
  CHECK(offset_in({0x74, 0x10}) == 0);                 // je
  CHECK(offset_in({0x0F, 0x8F, 0x10, 0, 0, 0}) == 0);  // jg
  CHECK(place_in({0x41, 0x57})->instruction == "push %r15");
  CHECK(place_in({0x74, 0x10})->instruction == "jz");
}

TEST_CASE("what it does not, and what is not passed") {
  CHECK(offset_in({0x48, 0x50}) == -1);                       // push %rax with a prefix that says nothing
  CHECK(offset_in({0x66, 0x50}) == -1);                       // push %ax
  CHECK(offset_in({0x6A, 0x01, 0x50}) == -1);                 // push $1
  CHECK(offset_in({0xFF, 0x37, 0x50}) == -1);                 // push (%rdi)
  CHECK(offset_in({0x49, 0x90, 0x50}) == -1);                 // xchg %rax,%r8
  CHECK(offset_in({0x66, 0xE8, 0x10, 0, 0, 0, 0x50}) == -1);  // call with a prefix that it refuses
  CHECK(offset_in({0xC3, 0x50}) == -1);                       // ret
  CHECK(offset_in({0xFF, 0xE0, 0x50}) == -1);                 // jmp *%rax
  CHECK(offset_in({0xFF, 0xD0, 0x50}) == -1);                 // call *%rax
  CHECK(offset_in({0xE3, 0x10, 0x50}) == -1);                 // jrcxz
  CHECK(offset_in({0x0F, 0x05, 0x50}) == -1);                 // syscall
  CHECK(offset_in({0x0F, 0x0B, 0x50}) == -1);                 // ud2
  CHECK(offset_in({0xCC, 0x50}) == -1);                       // int3
  CHECK(offset_in({0x48, 0xF7, 0xF6, 0x50}) == -1);           // div %rsi, which may fault
  CHECK(offset_in({0x06, 0x50}) == -1);                       // no instruction
  CHECK(offset_in({0xB8, 0x00}) == -1);                       // cut within an instruction
  CHECK(offset_in({0x89, 0xF8}) == -1);                       // the end
  CHECK(offset_in({}) == -1);
}

TEST_CASE("the first one behind what only computes") {
  const Bytes entry{0xF3, 0x0F, 0x1E, 0xFA, 0x55};  // endbr64; push %rbp
  CHECK(offset_in(entry, {.registers = ~0U, .memory = true}) == 4);
  CHECK(place_in(entry)->instruction == "push %rbp");
  CHECK(place_in(entry)->starts == std::vector<std::uint64_t>{4});
  CHECK(offset_in({0x0F, 0x1F, 0x44, 0, 0, 0x55}) == 5);  // a nop of five bytes, which old kernels do not emulate
  CHECK(offset_in({0x85, 0xFF, 0x74, 0x10}) == 2);        // test %edi,%edi; je
  CHECK(place_in({0x31, 0xC0, 0x85, 0xFF, 0x74, 0x10})->starts == std::vector<std::uint64_t>{2, 4});
}

TEST_CASE("a register that is needed is not written") {
  const Bytes code{0x89, 0xF7, 0x55};  // mov %esi,%edi; push %rbp
  CHECK(offset_in(code) == 2);
  CHECK(offset_in(code, {.registers = bit(si)}) == 2);
  CHECK(offset_in(code, {.registers = bit(di)}) == -1);
  CHECK(offset_in({0x40, 0xB7, 0x01, 0x55}, {.registers = bit(di)}) == -1);  // mov $1,%dil
  CHECK(offset_in({0xB4, 0x01, 0x55}, {.registers = bit(ax)}) == -1);        // mov $1,%ah
  CHECK(offset_in({0x4D, 0x89, 0xC4, 0x55}, {.registers = bit(r8)}) == 3);   // mov %r8,%r12
  CHECK(offset_in({0x4D, 0x89, 0xC4, 0x55}, {.registers = bit(r12)}) == -1);
  CHECK(offset_in({0x48, 0x99, 0x55}, {.registers = bit(1)}) == -1);  // cqo writes %rdx
  CHECK(offset_in({0x48, 0x89, 0xE5, 0x55}) == -1);                   // mov %rsp,%rbp: callers are found by it
  CHECK(offset_in({0x0F, 0x28, 0xC8, 0x55}) == 3);                    // movaps %xmm0,%xmm1
}

TEST_CASE("memory: only what is sure to be there, and written only when none is read") {
  CHECK(offset_in({0x8B, 0x07, 0x55}) == -1);                                     // mov (%rdi),%eax
  CHECK(offset_in({0x80, 0x3F, 0x00, 0x74, 0x10}) == -1);                         // cmpb $0,(%rdi)
  CHECK(offset_in({0x48, 0x8B, 0x04, 0x25, 0, 0, 0, 0, 0x55}) == -1);             // mov 0x0,%rax
  CHECK(offset_in({0x48, 0x8B, 0x44, 0x3C, 0x08, 0x55}) == -1);                   // mov 8(%rsp,%rdi),%rax
  CHECK(offset_in({0x48, 0x8D, 0x47, 0x08, 0x55}) == 4);                          // lea 8(%rdi),%rax
  CHECK(offset_in({0x48, 0x8B, 0x05, 1, 2, 3, 4, 0x55}, {.memory = true}) == 7);  // mov 0x4030201(%rip),%rax
  CHECK(offset_in({0x64, 0x48, 0x8B, 0x04, 0x25, 0x28, 0, 0, 0, 0x55}) == 9);     // mov %fs:0x28,%rax
  CHECK(offset_in({0x64, 0x48, 0x8B, 0x04, 0x24, 0x55}) == -1);                   // mov %fs:(%rsp),%rax
  const Bytes store{0x89, 0x3D, 1, 2, 3, 4, 0x55};                                // mov %edi,0x4030201(%rip)
  CHECK(offset_in(store) == 6);
  CHECK(offset_in(store, {.memory = true}) == -1);
}

TEST_CASE("a frame is passed, when the stack pointer itself is not asked for") {
  const Bytes code{0x48, 0x83, 0xEC, 0x18, 0x85, 0xFF, 0x74, 0x10};  // sub $24,%rsp; test %edi,%edi; je
  CHECK(offset_in(code, {.memory = true}) == 6);
  CHECK(place_in(code)->stack_grown == 24);
  CHECK(offset_in(code, {.registers = bit(sp)}) == -1);
  CHECK(place_in({0x48, 0x83, 0xC4, 0x80, 0x74, 0x10})->stack_grown == 128);  // add $-128,%rsp
  CHECK(offset_in({0x48, 0x83, 0xC4, 0x18, 0x74, 0x10}) == -1);               // add $24,%rsp
  CHECK(offset_in({0x48, 0x83, 0xEC, 0x14, 0x74, 0x10}) == -1);               // sub $20,%rsp
  CHECK(offset_in({0x48, 0x81, 0xEC, 0x00, 0x20, 0, 0, 0x74, 0x10}) == -1);   // sub $0x2000,%rsp
  CHECK(offset_in({0x48, 0x83, 0xE4, 0xF0, 0x74, 0x10}) == -1);               // and $-16,%rsp
  CHECK(offset_in({0x48, 0x29, 0xC4, 0x74, 0x10}) == -1);                     // sub %rax,%rsp
}

TEST_CASE("not where a jump comes in") {
  CHECK(offset_in({0x31, 0xC0, 0x85, 0xFF, 0x74, 0x02, 0xEB, 0xFA, 0xC3}) == -1);  // back to the test
  CHECK(offset_in({0x31, 0xC0, 0x85, 0xFF, 0x74, 0x02, 0xEB, 0xFC, 0xC3}) == -1);  // back to the place
  CHECK(offset_in({0x31, 0xC0, 0x85, 0xFF, 0x74, 0x02, 0xEB, 0xF8, 0xC3}) == 4);   // to the entry: another hit
  CHECK(offset_in({0x31, 0xC0, 0x85, 0xFF, 0x74, 0x02, 0xFF, 0xE2, 0xC3}) == -1);  // jmp *%rdx
  CHECK(offset_in({0x31, 0xC0, 0x85, 0xFF, 0x74, 0x02, 0xFF, 0xD2, 0xC3}) == 4);   // call *%rdx
  CHECK(offset_in({0x31, 0xC0, 0x85, 0xFF, 0x74, 0x02, 0x06, 0xC3}) == -1);        // what cannot be decoded
}

TEST_CASE("the code behind the function counts, too") {
  const Bytes code{0x31, 0xC0, 0x74, 0x10, 0xC3, 0x90, 0xEB, 0xFA};  // xor; je; ret | nop; jmp to the je: 6+2-6
  const auto bytes = std::as_bytes(std::span(code));
  CHECK_FALSE(dtp::arch::find_cheap_place(bytes, 5, {}));
  CHECK(dtp::arch::find_cheap_place(bytes.first(6), 5, {})->offset == 2);
  CHECK_FALSE(dtp::arch::find_cheap_place(bytes, 9, {}));
}

TEST_CASE("jumps from anywhere") {
  Bytes code(0x200, 0xCC);
  const auto put = [&](std::size_t at, const Bytes& bytes) {
    std::ranges::copy(bytes, code.begin() + static_cast<long>(at));
  };
  put(0x10, {0xEB, 0x2E});                     // jmp 0x40
  put(0x20, {0x74, 0x2F});                     // je 0x51
  put(0x100, {0xE9, 0x5B, 0xFF, 0xFF, 0xFF});  // jmp 0x60
  put(0x110, {0x0F, 0x84, 0x5A, 0x00, 0, 0});  // je 0x170
  put(0x120, {0xE8, 0x5B, 0x0E, 0, 0});        // call 0xf80, beyond
  put(0x130, {0xE9, 0xCB, 0x2E, 0, 0});        // jmp into the other segment
  const Bytes cold(0x10, 0xCC);
  const dtp::arch::JumpTargets targets(
      {{0x1000, std::as_bytes(std::span(code))}, {0x4000, std::as_bytes(std::span(cold))}});
  for (const std::uint64_t to : {0x1040, 0x1051, 0x1060, 0x1170, 0x4000}) CHECK(targets.contains(to));
  for (const std::uint64_t to : {0x0FFF, 0x1000, 0x1041, 0x1050, 0x1061, 0x1171, 0x11FF, 0x1200, 0x4001})
    CHECK_FALSE(targets.contains(to));
}

}  // namespace
