// What a uprobe costs depends on the instruction under it. The kernel carries some out by itself and goes on behind
// them: that takes the one trap. All others it has run from a copy elsewhere, and a second trap, that of the single
// step, and the way there and back cost several times as much. It emulates (arch/x86/kernel/uprobes.c,
// branch_setup_xol_ops and push_setup_xol_ops)
//   push of a 64-bit register without a prefix but REX.B    50..57, 41 50..57
//   nop of one byte, with prefixes                          90, 66 90
//   jmp, call and conditional jumps to a relative address   e9, eb, e8, 70..7f, 0f 80..8f
// Measured with 6.18 (bench/placement): 0.7 us a hit, and 9.7 us on any other. It also emulates nops of several bytes
// in the kernel's own spelling; those are passed here, for older kernels do not. Beware of 49 90: the kernel takes this
// exchange of r8 and rax for a nop.
//
// Up to the place nothing may happen but what is certain to go on to the next instruction. What reads or writes through
// a pointer may end in a signal, and the hit that tells why would be missing; the stack, the program's own data and the
// thread's own block are there.
#include "arch/cheap_place.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "arch/arch.h"

namespace dtp::arch {
namespace {

// A larger frame may reach below the stack's end.
constexpr std::uint64_t largest_frame = 4096;
// From the first byte of a jump of two bytes to what it can reach.
constexpr std::size_t short_reach = 129;
// So much of what lies behind a function is looked at: no short jump from further on reaches its beginning.
constexpr std::uint64_t looked_at_behind = short_reach + ZYDIS_MAX_INSTRUCTION_LENGTH;

// Instructions that do nothing but compute.
constexpr std::array passable{
    ZYDIS_MNEMONIC_ADD,    ZYDIS_MNEMONIC_AND,    ZYDIS_MNEMONIC_CDQ,     ZYDIS_MNEMONIC_CDQE,   ZYDIS_MNEMONIC_CMP,
    ZYDIS_MNEMONIC_CQO,    ZYDIS_MNEMONIC_DEC,    ZYDIS_MNEMONIC_ENDBR64, ZYDIS_MNEMONIC_IMUL,   ZYDIS_MNEMONIC_INC,
    ZYDIS_MNEMONIC_LEA,    ZYDIS_MNEMONIC_MOV,    ZYDIS_MNEMONIC_MOVAPD,  ZYDIS_MNEMONIC_MOVAPS, ZYDIS_MNEMONIC_MOVD,
    ZYDIS_MNEMONIC_MOVDQA, ZYDIS_MNEMONIC_MOVDQU, ZYDIS_MNEMONIC_MOVQ,    ZYDIS_MNEMONIC_MOVSX,  ZYDIS_MNEMONIC_MOVSXD,
    ZYDIS_MNEMONIC_MOVUPS, ZYDIS_MNEMONIC_MOVZX,  ZYDIS_MNEMONIC_NEG,     ZYDIS_MNEMONIC_NOP,    ZYDIS_MNEMONIC_NOT,
    ZYDIS_MNEMONIC_OR,     ZYDIS_MNEMONIC_PXOR,   ZYDIS_MNEMONIC_SAR,     ZYDIS_MNEMONIC_SHL,    ZYDIS_MNEMONIC_SHR,
    ZYDIS_MNEMONIC_SUB,    ZYDIS_MNEMONIC_TEST,   ZYDIS_MNEMONIC_XOR,     ZYDIS_MNEMONIC_XORPS};

struct Instruction {
  ZydisDecodedInstruction head = {};
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands = {};
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> code) : code_(code) {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  }

  std::optional<Instruction> at(std::uint64_t offset) const {
    Instruction read;
    if (offset >= code_.size() ||
        ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder_, code_.data() + offset, code_.size() - offset, &read.head,
                                           read.operands.data())))
      return std::nullopt;
    return read;
  }

 private:
  std::span<const std::byte> code_;
  ZydisDecoder decoder_ = {};
};

bool is_emulated(const ZydisDecodedInstruction& head) {
  if (head.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) return false;
  const bool is_two_bytes = head.opcode_map == ZYDIS_OPCODE_MAP_0F;
  if (!is_two_bytes && head.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT) return false;
  if (!is_two_bytes && head.opcode >= 0x50 && head.opcode <= 0x57)
    return head.length == 1 || (head.length == 2 && head.raw.rex.offset == 0 && head.raw.rex.B == 1 &&
                                (head.attributes & ZYDIS_ATTRIB_HAS_REX) != 0 && head.raw.rex.W == 0 &&
                                head.raw.rex.R == 0 && head.raw.rex.X == 0);
  if (!is_two_bytes && head.opcode == 0x90) return head.mnemonic == ZYDIS_MNEMONIC_NOP;
  if (head.raw.prefix_count != 0) return false;
  if (is_two_bytes) return head.opcode >= 0x80 && head.opcode <= 0x8f;
  return head.opcode == 0xe8 || head.opcode == 0xe9 || head.opcode == 0xeb ||
         (head.opcode >= 0x70 && head.opcode <= 0x7f);
}

bool is_sure_to_be_there(const ZydisDecodedOperandMem& memory) {
  if (memory.index != ZYDIS_REGISTER_NONE) return false;
  if (memory.segment == ZYDIS_REGISTER_FS) return memory.base == ZYDIS_REGISTER_NONE;
  return memory.segment != ZYDIS_REGISTER_GS &&
         (memory.base == ZYDIS_REGISTER_RSP || memory.base == ZYDIS_REGISTER_RIP);
}

// The walk from the entry.
class Walk {
 public:
  Walk(std::span<const std::byte> code, std::uint64_t size, const Needs& needs)
      : reader_(code),
        end_(std::min<std::uint64_t>(code.size(), size + looked_at_behind)),
        size_(size),
        needs_(needs) {}

  std::optional<CheapPlace> find() {
    while (place_.offset < size_) {
      const auto instruction = reader_.at(place_.offset);
      if (!instruction) return std::nullopt;
      if (is_emulated(instruction->head)) {
        place_.instruction = spell(*instruction);
        return place_.offset == 0 || is_entered_once() ? std::optional(std::move(place_)) : std::nullopt;
      }
      if (!pass(*instruction)) return std::nullopt;
      place_.offset += instruction->head.length;
      place_.starts.push_back(place_.offset);
    }
    return std::nullopt;
  }

 private:
  bool needs(int dwarf) const { return (needs_.registers >> dwarf & 1U) != 0; }

  bool pass(const Instruction& instruction) {
    if (std::ranges::find(passable, instruction.head.mnemonic) == passable.end()) return false;
    if (instruction.head.mnemonic == ZYDIS_MNEMONIC_NOP || grow_stack(instruction)) return true;
    return std::all_of(instruction.operands.begin(), instruction.operands.begin() + instruction.head.operand_count,
                       [this](const ZydisDecodedOperand& operand) { return is_harmless(operand); });
  }

  // sub $24, %rsp
  bool grow_stack(const Instruction& instruction) {
    const ZydisDecodedOperand& to = instruction.operands[0];
    const ZydisDecodedOperand& by = instruction.operands[1];
    const bool is_add = instruction.head.mnemonic == ZYDIS_MNEMONIC_ADD;
    if ((!is_add && instruction.head.mnemonic != ZYDIS_MNEMONIC_SUB) || needs(x86_64().stack_pointer) ||
        to.type != ZYDIS_OPERAND_TYPE_REGISTER || to.reg.value != ZYDIS_REGISTER_RSP ||
        by.type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
      return false;
    const auto bytes = is_add ? -by.imm.value.s : by.imm.value.s;
    if (bytes <= 0 || bytes % 8 != 0 || static_cast<std::uint64_t>(bytes) > largest_frame) return false;
    place_.stack_grown += static_cast<std::uint64_t>(bytes);
    return place_.stack_grown <= largest_frame;
  }

  bool is_harmless(const ZydisDecodedOperand& operand) const {
    const bool is_written = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type != ZYDIS_MEMOP_TYPE_AGEN)
      return is_sure_to_be_there(operand.mem) && !(is_written && needs_.memory);
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER || !is_written) return true;
    const auto part = register_part(x86_64(), ZydisRegisterGetString(operand.reg.value));
    if (!part) return is_without_number(operand.reg.value);
    return !needs(part->dwarf) && part->dwarf != x86_64().stack_pointer && part->dwarf != x86_64().frame_pointer;
  }

  // Flags and vectors, which no value is read from.
  static bool is_without_number(ZydisRegister of) {
    const ZydisRegisterClass kind = ZydisRegisterGetClass(of);
    return kind == ZYDIS_REGCLASS_FLAGS || kind == ZYDIS_REGCLASS_XMM;
  }

  // No jump goes to an instruction behind the function's first one, up to the place. Of a jump through a table it is
  // not known where it goes.
  bool is_entered_once() const {
    for (std::uint64_t at = place_.offset; at < end_;) {
      const auto instruction = reader_.at(at);
      if (!instruction) return at >= size_ && end_ - at < ZYDIS_MAX_INSTRUCTION_LENGTH;
      const ZydisDecodedOperand& to = instruction->operands[0];
      const bool is_relative = to.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && to.imm.is_relative;
      if (at < size_ && instruction->head.meta.category == ZYDIS_CATEGORY_UNCOND_BR && !is_relative) return false;
      at += instruction->head.length;
      if (is_relative && std::ranges::find(place_.starts, at + to.imm.value.u) != place_.starts.end()) return false;
    }
    return true;
  }

  static std::string spell(const Instruction& instruction) {
    ZydisFormatter formatter;
    std::array<char, 96> text = {};
    if (instruction.head.meta.category == ZYDIS_CATEGORY_PUSH &&
        ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT)) &&
        ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &instruction.head, instruction.operands.data(),
                                                     instruction.head.operand_count_visible, text.data(), text.size(),
                                                     ZYDIS_RUNTIME_ADDRESS_NONE, nullptr)))
      return text.data();
    return ZydisMnemonicGetString(instruction.head.mnemonic);
  }

  Reader reader_;
  std::uint64_t end_;   // of what is looked at
  std::uint64_t size_;  // of the function
  Needs needs_;
  CheapPlace place_ = {};
};

std::uint8_t byte_of(std::span<const std::byte> bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

}  // namespace

std::optional<CheapPlace> find_cheap_place(std::span<const std::byte> code, std::uint64_t size, const Needs& needs) {
  return size <= code.size() ? Walk(code, size, needs).find() : std::nullopt;
}

bool is_emulated(std::span<const std::byte> code) {
  const auto instruction = Reader(code).at(0);
  return instruction && is_emulated(instruction->head);
}

JumpTargets::JumpTargets(std::vector<CodeSegment> segments) : segments_(std::move(segments)) {
  for (const CodeSegment& segment : segments_) far_.emplace_back(segment.bytes.size());
  for (const CodeSegment& segment : segments_) {
    // call, jmp, and the conditional jumps, whose second byte is enough to know.
    for (std::size_t at = 0; at + 5 <= segment.bytes.size(); ++at) {
      const std::uint8_t opcode = byte_of(segment.bytes, at);
      if ((opcode & 0xfe) != 0xe8 && (opcode & 0xf0) != 0x80) continue;
      std::int32_t distance = 0;
      std::memcpy(&distance, segment.bytes.data() + at + 1, sizeof distance);
      mark(segment.address + at + 5 + static_cast<std::uint64_t>(distance));
    }
  }
}

const CodeSegment* JumpTargets::segment_at(std::uint64_t address) const {
  const auto found = std::ranges::find_if(segments_, [&](const CodeSegment& segment) {
    return address >= segment.address && address - segment.address < segment.bytes.size();
  });
  return found == segments_.end() ? nullptr : &*found;
}

void JumpTargets::mark(std::uint64_t address) {
  if (const CodeSegment* segment = segment_at(address))
    far_[static_cast<std::size_t>(segment - segments_.data())][address - segment->address] = true;
}

// jmp, the conditional jumps, and those on the count in rcx.
bool JumpTargets::has_short_jump_before(const CodeSegment& segment, std::size_t offset) const {
  for (std::size_t at = offset - std::min(offset, short_reach); at + 2 <= offset; ++at) {
    const std::uint8_t opcode = byte_of(segment.bytes, at);
    if (opcode != 0xeb && (opcode & 0xf0) != 0x70 && (opcode & 0xfc) != 0xe0) continue;
    if (at + 2 + byte_of(segment.bytes, at + 1) == offset) return true;
  }
  return false;
}

bool JumpTargets::contains(std::uint64_t address) const {
  const CodeSegment* segment = segment_at(address);
  if (segment == nullptr) return false;
  const std::size_t offset = address - segment->address;
  return far_[static_cast<std::size_t>(segment - segments_.data())][offset] || has_short_jump_before(*segment, offset);
}

}  // namespace dtp::arch
