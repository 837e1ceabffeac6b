#include "debug/unwind.h"

#include <elfutils/libdwfl.h>

#include <cstring>
#include <optional>

#include "debug/elf_file.h"

namespace dtp::debug {
namespace {

constexpr std::size_t most_frames = 512;
constexpr std::uint64_t page = 4096;
// libdwfl wants a process with a thread; it is told of one, and never looks for it.
constexpr pid_t thread_number = 1;

}  // namespace

struct Unwinder::State {
  Dwfl* dwfl = nullptr;
  Registers registers = {};
  std::span<const std::byte> stack = {};
  std::vector<UnwoundFrame>* frames = nullptr;

  ~State() {
    if (dwfl != nullptr) dwfl_end(dwfl);
  }
};

namespace {

using Context = Unwinder::State;

// What the address of the file's own tables must be moved by. A mapping begins at a page, a segment anywhere in it.
std::optional<std::uint64_t> bias_of(const ElfFile& file, const LoadedFile& loaded) {
  if (const auto address = file.address_of(loaded.offset)) return loaded.start - *address;
  if (const auto address = file.address_of(loaded.offset + page - 1)) return loaded.start + page - 1 - *address;
  return std::nullopt;
}

void report(Dwfl* dwfl, std::span<const LoadedFile> files) {
  dwfl_report_begin(dwfl);
  for (const LoadedFile& loaded : files) {
    const auto file = ElfFile::open(loaded.path);
    const auto bias = file ? bias_of(*file, loaded) : std::nullopt;
    // One that lies over another is refused, and is no loss: a file's second mapping.
    if (bias) (void)dwfl_report_elf(dwfl, loaded.path.c_str(), loaded.path.c_str(), -1, *bias, true);
  }
  (void)dwfl_report_end(dwfl, nullptr, nullptr);
}

pid_t next_thread(Dwfl*, void* context, void** thread) {
  if (*thread != nullptr) return 0;
  *thread = context;
  return thread_number;
}

bool get_thread(Dwfl*, pid_t, void* context, void** thread) {
  *thread = context;
  return true;
}

bool read_memory(Dwfl*, Dwarf_Addr address, Dwarf_Word* word, void* context) {
  const auto& state = *static_cast<const Context*>(context);
  const std::uint64_t top = state.registers[dwarf_rsp];
  if (address < top || address - top > state.stack.size()) return false;
  const auto left = state.stack.subspan(address - top);
  if (left.size() < sizeof *word) return false;
  std::memcpy(word, left.data(), sizeof *word);
  return true;
}

bool set_registers(Dwfl_Thread* thread, void* context) {
  const auto& state = *static_cast<const Context*>(context);
  dwfl_thread_state_register_pc(thread, state.registers[dwarf_rip]);
  return dwfl_thread_state_registers(thread, 0, dwarf_registers, state.registers.data());
}

int take_frame(Dwfl_Frame* frame, void* context) {
  auto& frames = *static_cast<Context*>(context)->frames;
  Dwarf_Addr address = 0;
  bool was_executed = false;  // innermost, or where a signal came
  if (!dwfl_frame_pc(frame, &address, &was_executed) || address == 0 || frames.size() >= most_frames)
    return DWARF_CB_ABORT;
  frames.push_back({address, !was_executed});
  return DWARF_CB_OK;
}

const Dwfl_Callbacks file_callbacks = {.find_elf = dwfl_build_id_find_elf,
                                       .find_debuginfo = dwfl_standard_find_debuginfo,
                                       .section_address = nullptr,
                                       .debuginfo_path = nullptr};

const Dwfl_Thread_Callbacks thread_callbacks = {.next_thread = next_thread,
                                                .get_thread = get_thread,
                                                .memory_read = read_memory,
                                                .set_initial_registers = set_registers,
                                                .detach = nullptr,
                                                .thread_detach = nullptr};

}  // namespace

Unwinder::Unwinder(std::span<const LoadedFile> files) : state_(std::make_unique<State>()) {
  Dwfl* const dwfl = dwfl_begin(&file_callbacks);
  if (dwfl == nullptr) return;
  report(dwfl, files);
  if (dwfl_attach_state(dwfl, nullptr, thread_number, &thread_callbacks, state_.get()))
    state_->dwfl = dwfl;
  else
    dwfl_end(dwfl);
}

Unwinder::~Unwinder() = default;

void Unwinder::unwind(const Registers& registers, std::span<const std::byte> stack, std::vector<UnwoundFrame>& frames) {
  frames.clear();
  state_->registers = registers;
  state_->stack = stack;
  state_->frames = &frames;
  if (state_->dwfl != nullptr) (void)dwfl_getthread_frames(state_->dwfl, thread_number, take_frame, state_.get());
  if (frames.empty()) frames.push_back({registers[dwarf_rip], false});
}

}  // namespace dtp::debug
