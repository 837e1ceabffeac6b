// Deterministic damage for parsers: the same rounds in every run.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dtp::test {

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

// One to four changes: bits, bytes, words at the edge of a range, pieces removed, doubled or put in, a shorter end.
inline std::string mutate(std::string text, Random& random, const std::vector<std::string>& pieces) {
  constexpr std::uint32_t edges[] = {0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  for (std::size_t change = 0; change <= random.below(4); ++change) {
    const std::size_t at = random.below(text.size() + 1);
    const std::size_t length = random.below(text.size() - at + 1) % 32;
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
        for (std::size_t i = 0; i < sizeof word && begin + i < text.size(); ++i) text[begin + i] = static_cast<char>(word >> (8 * i));
        break;
      }
      case 3: text.erase(at, length); break;
      case 4: text.insert(at, text.substr(at, length)); break;
      case 5:
        if (!pieces.empty()) text.insert(at, pieces[random.below(pieces.size())]);
        break;
      case 6:
        if (random.below(8) == 0) text.resize(at);
        break;
      default: break;
    }
  }
  return text;
}

// Feeds mutants of the seeds to `parse`. DTP_FUZZ_ROUNDS asks for more than the few thousand of every test run.
inline void fuzz(const std::vector<std::string>& seeds, const std::vector<std::string>& pieces, std::size_t rounds,
                 const std::function<void(const std::string&)>& parse) {
  if (const char* asked = std::getenv("DTP_FUZZ_ROUNDS")) rounds = std::strtoull(asked, nullptr, 10);
  for (const std::string& seed : seeds) parse(seed);
  for (std::size_t round = 0; round < rounds; ++round) {
    Random random(round);
    parse(mutate(seeds[random.below(seeds.size())], random, pieces));
  }
}

}  // namespace dtp::test
