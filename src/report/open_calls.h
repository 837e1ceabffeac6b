// Calls of each thread that were entered and not left yet, innermost last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dtp::report {

// A call that was left.
template <class Call>
struct LeftCall {
  Call call = {};
  std::size_t inside = 0;  // calls that it had made and whose returns were not seen
};

template <class Call>
class OpenCalls {
 public:
  void enter(std::uint32_t thread, Call call) {
    if (threads_.size() >= most_threads && !threads_.contains(thread)) make_room();
    std::vector<Call>& calls = threads_[thread];
    if (calls.size() >= most_deep) {
      calls.erase(calls.begin());
      ++forgotten_;
    }
    calls.push_back(std::move(call));
  }

  // None: the call began before the recording, or its entry was lost.
  std::optional<LeftCall<Call>> leave(std::uint32_t thread) {
    return leave(thread, [](const Call&) { return true; });
  }

  // The innermost call that it is. Those inside of it are forgotten.
  template <class IsIt>
  std::optional<LeftCall<Call>> leave(std::uint32_t thread, IsIt&& is_it) {
    const auto found = threads_.find(thread);
    if (found == threads_.end()) return std::nullopt;
    std::vector<Call>& calls = found->second;
    std::size_t at = calls.size();
    while (at > 0 && !is_it(calls[at - 1])) --at;
    if (at == 0) return std::nullopt;
    LeftCall<Call> left{std::move(calls[at - 1]), calls.size() - at};
    forgotten_ += left.inside;
    calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(at) - 1, calls.end());
    return left;
  }

  // Calls that were, or are, never left.
  std::uint64_t unfinished() const {
    std::uint64_t count = forgotten_;
    for (const auto& [thread, calls] : threads_) count += calls.size();
    return count;
  }

 private:
  // A recording may name as many threads, and enter as deep, as whoever made it likes.
  static constexpr std::size_t most_threads = 65'536;
  static constexpr std::size_t most_deep = 1024;

  // Threads without calls are kept for their memory: most will call again.
  void make_room() {
    std::erase_if(threads_, [](const auto& thread) { return thread.second.empty(); });
    if (threads_.size() < most_threads) return;
    forgotten_ = unfinished();
    threads_.clear();
  }

  std::unordered_map<std::uint32_t, std::vector<Call>> threads_ = {};
  std::uint64_t forgotten_ = 0;
};

}  // namespace dtp::report
