// The text is kept in memory first, so that what fits on the screen needs no pager; then the pager reads it as a file.
// So nobody waits for a pipe, and a pager that is left early is nobody's concern.
#include "cmd/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/lines.h"

namespace dtp::cmd {
namespace {

bool is_dumb() {
  const char* const terminal = std::getenv("TERM");
  return terminal == nullptr || std::string_view(terminal) == "dumb";
}

// The words of $DTRACEPP_PAGER or $PAGER, else less; none: no pager is wanted. There is no shell.
std::vector<std::string> pager_words() {
  const char* wish = std::getenv("DTRACEPP_PAGER");
  if (wish == nullptr) wish = std::getenv("PAGER");
  std::string_view left = wish == nullptr ? "less" : wish;
  std::vector<std::string> words;
  for (;;) {
    left.remove_prefix(std::min(left.find_first_not_of(" \t"), left.size()));
    if (left.empty()) break;
    words.emplace_back(left.substr(0, left.find_first_of(" \t")));
    left.remove_prefix(words.back().size());
  }
  if (words.size() == 1 && words.front() == "cat") words.clear();
  return words;
}

// Columns that a line takes: code points, without the sequences that choose colours.
std::size_t columns(std::string_view line) {
  std::size_t width = 0;
  bool in_sequence = false;
  for (const char c : line) {
    if (c == '\033') in_sequence = true;
    if (!in_sequence && (static_cast<unsigned char>(c) & 0xC0) != 0x80) ++width;
    if (c == 'm') in_sequence = false;
  }
  return width;
}

// One line of the screen is the shell's.
bool fits(std::string_view text, int terminal) {
  winsize size = {};
  if (::ioctl(terminal, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return true;
  std::size_t rows = 1;
  while (!text.empty() && rows <= size.ws_row) {
    const std::size_t width = columns(base::take_line(text));
    rows += width == 0 ? 1 : (width + size.ws_col - 1) / size.ws_col;
  }
  return rows <= size.ws_row;
}

// As git has it: colours as they are, and the text stays on the screen.
std::vector<std::string> pager_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  if (std::getenv("LESS") == nullptr) variables.emplace_back("LESS=FRX");
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

// ^C at the terminal is the pager's while it runs.
class KeysIgnored {
 public:
  KeysIgnored() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignore, &interrupt_);
    ::sigaction(SIGQUIT, &ignore, &quit_);
  }
  ~KeysIgnored() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGQUIT, &quit_, nullptr);
  }
  KeysIgnored(const KeysIgnored&) = delete;
  KeysIgnored& operator=(const KeysIgnored&) = delete;

 private:
  struct sigaction interrupt_ = {};
  struct sigaction quit_ = {};
};

// Whether it could be started. It reads `text`; what it says when it ends does not matter.
bool run_pager(std::vector<std::string> words, int text) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, text, STDIN_FILENO);
  sigset_t keys;
  ::sigemptyset(&keys);
  ::sigaddset(&keys, SIGINT);
  ::sigaddset(&keys, SIGQUIT);
  ::posix_spawnattr_setsigdefault(&attributes, &keys);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> variables = pager_environment();
  const KeysIgnored ignored;
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, words.front().c_str(), &actions, &attributes, pointers(words).data(),
                                   pointers(variables).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return false;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return true;
}

}  // namespace

bool has_colour(const Common& common, int fd) {
  const char* const wish = std::getenv("NO_COLOR");
  if (common.colour != Colour::at_terminal) return common.colour == Colour::always;
  return (wish == nullptr || *wish == '\0') && !is_dumb() && ::isatty(fd) == 1;
}

void add_pager_option(CLI::App& command, Common& common) {
  command.add_flag_callback(
      "--no-pager", [&common] { common.with_pager = false; }, "print to the terminal, however long it is");
}

Paged::Paged(const Common& common) {
  if (!common.with_pager || is_dumb() || ::isatty(STDOUT_FILENO) != 1 || pager_words().empty()) return;
  std::fflush(stdout);
  terminal_ = base::Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  kept_ = base::Fd(::memfd_create("output", MFD_CLOEXEC));
  if (!terminal_ || !kept_ || ::dup2(kept_.get(), STDOUT_FILENO) < 0) kept_ = base::Fd();
}

Paged::~Paged() {
  if (!kept_) return;
  std::fflush(stdout);
  ::dup2(terminal_.get(), STDOUT_FILENO);
  const auto text = base::map_file(fmt::format("/proc/self/fd/{}", kept_.get()));
  if (!text) return;
  const std::string_view shown(reinterpret_cast<const char*>(text->bytes().data()), text->bytes().size());
  ::lseek(kept_.get(), 0, SEEK_SET);
  if (!fits(shown, terminal_.get()) && run_pager(pager_words(), kept_.get())) return;
  (void)base::write_all(STDOUT_FILENO, shown, "standard output");
}

}  // namespace dtp::cmd
