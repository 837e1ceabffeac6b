#include <doctest/doctest.h>

#include <cstring>

#include "debug/sdt_argument.h"
#include "debug/sdt_notes.h"

namespace dtp::debug {
namespace {

std::string word(std::uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }
std::string address(std::uint64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

std::string padded(std::string text) {
  text.resize((text.size() + 3) & ~std::size_t{3});
  return text;
}

struct Description {
  std::uint64_t probe = 0x1000;
  std::uint64_t base = 0x8000;
  std::uint64_t semaphore = 0x9000;
  std::string texts = std::string("demo\0hit\0-4@%edi\0", 17);

  std::string bytes() const { return address(probe) + address(base) + address(semaphore) + texts; }
};

std::string note(const std::string& description, const std::string& owner = {"stapsdt", 8}, std::uint32_t type = 3) {
  return word(static_cast<std::uint32_t>(owner.size())) + word(static_cast<std::uint32_t>(description.size())) +
         word(type) + padded(owner) + padded(description);
}

std::vector<SdtNote> parse(const std::string& bytes, std::optional<std::uint64_t> base = {}) {
  return parse_sdt_notes(std::as_bytes(std::span(bytes)), base);
}

// "memory %rbp -8 s32", or why not.
std::string describe(const SdtArgument& argument) {
  if (const auto* missing = std::get_if<Unavailable>(&argument.where)) return missing->text;
  const auto& location = std::get<Location>(argument.where);
  std::string text = location.kind == Location::Kind::memory ? "memory " : "value ";
  if (const auto* number = std::get_if<path::Register>(&location.base))
    text += "%" + std::string(*arch::fetch_name(arch::x86_64(), number->number));
  else if (const auto* constant = std::get_if<path::Constant>(&location.base))
    text += std::to_string(constant->value);
  else if (const auto* memory = std::get_if<path::Address>(&location.base))
    text += "at " + std::to_string(memory->address);
  if (location.offset != 0) text += " " + std::to_string(location.offset);
  if (!argument.read) return text;
  const path::Read& read = *argument.read;
  if (read.form == path::Form::bitfield)
    return text + " b" + std::to_string(read.bitfield_width) + "@" + std::to_string(read.bitfield_offset);
  return text +
         (read.form == path::Form::signed_     ? " s"
          : read.form == path::Form::unsigned_ ? " u"
                                               : " x") +
         std::to_string(read.bits);
}

std::string describe(std::string_view text) {
  const auto symbol = [](std::string_view name) {
    return name == "known" ? std::optional<std::uint64_t>(0x4000) : std::nullopt;
  };
  std::string all;
  for (const SdtArgument& argument : parse_sdt_arguments(text, arch::x86_64(), symbol))
    all += (all.empty() ? "" : "; ") + describe(argument);
  return all;
}

}  // namespace

TEST_CASE("notes of static probes are read") {
  const SdtNote hit{.provider = "demo", .name = "hit", .arguments = "-4@%edi", .address = 0x1000, .semaphore = 0x9000};
  CHECK(parse(note(Description().bytes())) == std::vector{hit});
  CHECK(parse(note(Description().bytes()) + note(Description().bytes())) == std::vector{hit, hit});
  // The last one without the bytes behind it.
  const std::string bytes = note(Description().bytes());
  CHECK(parse(bytes.substr(0, bytes.size() - 3)) == std::vector{hit});
}

TEST_CASE("notes are moved as prelink moved the base") {
  const auto moved = parse(note(Description().bytes()), 0x8100);
  REQUIRE(moved.size() == 1);
  CHECK(moved[0].address == 0x1100);
  CHECK(moved[0].semaphore == 0x9100);
  CHECK(parse(note(Description().bytes()), 0x8000)[0].address == 0x1000);
  CHECK(parse(note(Description{.semaphore = 0}.bytes()), 0x8100)[0].semaphore == 0);
}

TEST_CASE("notes of others and damaged ones are passed over") {
  const std::string good = note(Description().bytes());
  CHECK(parse(note(Description().bytes(), std::string("GNU\0", 4)) + good).size() == 1);
  CHECK(parse(note(Description().bytes(), {"stapsdt", 8}, 2) + good).size() == 1);
  CHECK(parse(note(Description{.texts = "no end"}.bytes()) + good).size() == 1);
  CHECK(parse(note(Description{.texts = std::string("\0x\0\0", 4)}.bytes()) + good).size() == 1);
  CHECK(parse(note("short") + good).size() == 1);
  CHECK(parse("").empty());
  CHECK(parse(word(8) + word(0xFFFFFFFF) + word(3) + "stapsdt").empty());
  CHECK(parse(word(0xFFFFFFFF) + word(8) + word(3) + good).empty());
}

TEST_CASE("arguments of static probes") {
  struct Row {
    std::string_view text;
    std::string_view expected;
  };
  const Row rows[] = {
      {"", ""},
      {"-4@%edi 8@%rsi", "value %di s32; value %si u64"},
      {"1@%al -1@%sil 2@%r10w -8@%r15", "value %ax u8; value %si s8; value %r10 u16; value %r15 s64"},
      {"1@%bh", "value %bx b8@8"},
      {"8@-8(%rbp) -4@(%rax) 4@0x10(%rsp)", "memory %bp -8 u64; memory %ax s32; memory %sp 16 u32"},
      {"4@$5 -4@$-1 8@$0x10", "value 5 u32; value -1 s32; value 16 u64"},
      {"8@known(%rip) 4@known+8(%rip) 4@8+known(%rip) 2@known-2",
       "memory at 16384 u64; memory at 16392 u32; memory at 16392 u32; memory at 16382 u16"},
      {"%rdi $3", "value %di; value 3"},
      {"8@%eax", "value %ax u32"},
      {"8f@-8(%rbp)", "memory %bp -8 x64"},
      {"8@-8+16(%rbp)", "memory %bp 8 u64"},
      {"8@8( %rbp ) 4@$1", "the probe's note says 8@8( %rbp ), an address that a probe cannot compute; value 1 u32"},
      {"8@(%rax,%rbx,8)",
       "the probe's note says 8@(%rax,%rbx,8), an address made of two registers, which a probe cannot add"},
      {"8f@%xmm0", "the probe's note says 8f@%xmm0, a floating-point register, which a probe cannot read"},
      {"-1@%ah", "the probe's note says -1@%ah, a signed part of a register, which a probe cannot read"},
      {"8@unknown(%rip)", "the probe's note says 8@unknown(%rip), which names a symbol that the file does not have"},
      {"8@$known",
       "the probe's note says 8@$known, the address of a symbol, which is known only when the program runs"},
      {"8@%fs:0x28", "the probe's note says 8@%fs:0x28, which is in a segment that a probe cannot read"},
      {"16@%rax", "the probe's note says 16@%rax, its size makes no sense"},
      {"x@%rax", "the probe's note says x@%rax, its size makes no sense"},
      {"8@%nonsense", "the probe's note says 8@%nonsense, a register that a probe cannot read"},
      {"8@8(%rax", "the probe's note says 8@8(%rax, which is not complete"},
      {"8@16", "the probe's note says 8@16, an address without a register or a symbol"},
      {"8@(%eax)", "the probe's note says 8@(%eax), an address that a probe cannot compute"},
      {"8@known(%rbx)", "the probe's note says 8@known(%rbx), an address that is known only when the program runs"},
      {"8@", "the probe's note says 8@, an address without a register or a symbol"},
  };
  for (const Row& row : rows) CHECK(describe(row.text) == row.expected);
}

}  // namespace dtp::debug
