#include "report/folded.h"

#include <algorithm>

#include "base/escape.h"
#include "report/number.h"

namespace dtp::report {

std::vector<std::string> folded_frames(const Profile& profile, const StackHits& stack) {
  const Group& group = profile.groups[stack.group];
  std::vector<std::string> frames;
  if (profile.events.size() > 1) frames.push_back(profile.events[group.event].name);
  frames.insert(frames.end(), group.keys.begin(), group.keys.end());
  for (const FunctionId function : stack.functions) frames.push_back(base::escape(profile.functions[function].name));
  for (std::string& frame : frames) std::ranges::replace(frame, ';', ':');
  return frames;
}

Result<void> write_folded(Output& output, const Profile& profile) {
  std::vector<std::pair<std::string, std::uint64_t>> lines;
  for (const StackHits& stack : profile.stacks) {
    std::string line;
    for (const std::string& frame : folded_frames(profile, stack)) line += (line.empty() ? "" : ";") + frame;
    lines.emplace_back(std::move(line), stack.hits);
  }
  std::ranges::sort(lines);
  for (const auto& [line, hits] : lines) {
    output.buffer() += line + " ";
    append_decimal(output.buffer(), hits);
    output.buffer() += '\n';
    DTP_CHECK(output.line_done());
  }
  return {};
}

}  // namespace dtp::report
