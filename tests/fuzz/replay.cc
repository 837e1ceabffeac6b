// Feeds a fuzz target the files of its corpus and, the same in each run, damaged copies of them.
//
//   fuzz_NAME CORPUS      DTP_FUZZ_ROUNDS: so many copies
//
// An input that kills the target is left behind as crash-NAME.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "fuzz/fuzz.h"

namespace {

// Of the input that is running, for the signal's handler.
std::string input, crash_file, told;

void keep_input(int signal) {
  static_cast<void>(!::write(STDERR_FILENO, told.data(), told.size()));
  const int fd = ::open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  static_cast<void>(!::write(fd, input.data(), input.size()));
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void run(std::string bytes) {
  input = std::move(bytes);
  // A copy of its own, so that a read past its end is one past the end of an allocation.
  const std::vector<std::uint8_t> copy(input.begin(), input.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

// xorshift64*: the standard library's distributions differ from one implementation to the next.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15 + 1) {}
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1D;
  }
  std::size_t below(std::size_t end) { return end == 0 ? 0 : next() % end; }

 private:
  std::uint64_t state_;
};

// One to four changes: bits, bytes, words at the edge of a range, pieces removed, doubled or taken from another file, a
// shorter end.
std::string mutate(std::string text, Random& random, const std::vector<std::string>& seeds) {
  constexpr std::uint32_t edges[] = {0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  const std::size_t changes = 1 + random.below(4);
  for (std::size_t change = 0; change < changes; ++change) {
    const std::size_t at = random.below(text.size() + 1);
    const std::size_t length = random.below(text.size() - at + 1) % 32;
    const std::string& other = seeds[random.below(seeds.size())];
    switch (random.below(7)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(random.next());
        break;
      case 2: {
        const std::uint32_t word = edges[random.below(std::size(edges))];
        const std::size_t begin = at & ~std::size_t{3};
        for (std::size_t i = 0; i < sizeof word && begin + i < text.size(); ++i)
          text[begin + i] = static_cast<char>(word >> (8 * i));
        break;
      }
      case 3: text.erase(at, length); break;
      case 4: text.insert(at, text.substr(at, length)); break;
      case 5: text.insert(at, other.substr(random.below(other.size() + 1), random.below(16))); break;
      default:
        if (random.below(8) == 0) text.resize(at);
        break;
    }
  }
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[1], error)) files.push_back(entry.path());
  if (error || files.empty()) {
    std::fprintf(stderr, "no corpus in %s\n", arguments[1]);
    return 1;
  }
  std::ranges::sort(files);
  std::vector<std::string> seeds;
  for (const auto& file : files) {
    auto bytes = dtp::base::read_file(file.string());
    if (bytes) seeds.push_back(std::move(*bytes));
  }
  crash_file = "crash-" + std::filesystem::path(arguments[1]).filename().string();
  told = "the input is in " + crash_file + "\n";
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(signal, keep_input);
  std::size_t rounds = 1000;
  if (const char* asked = std::getenv("DTP_FUZZ_ROUNDS")) rounds = std::strtoull(asked, nullptr, 10);
  for (const std::string& seed : seeds) run(seed);
  for (std::size_t round = 0; round < rounds; ++round) {
    Random random(round);
    run(mutate(seeds[random.below(seeds.size())], random, seeds));
  }
  std::printf("%zu files of %s, %zu damaged copies\n", seeds.size(), arguments[1], rounds);
}
