#include "lower/source_pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/pattern.h"
#include "debug/source_text.h"

namespace dtp::lower {
namespace {

std::string without_blanks(std::string_view text) {
  std::string rest;
  std::ranges::copy_if(text, std::back_inserter(rest), [](char c) { return c != ' ' && c != '\t'; });
  return rest;
}

class LineMatcher {
 public:
  LineMatcher(const expr::ProbePoint& point, const Target& target)
      : point_(point), target_(target), pattern_(without_blanks(*point.source_pattern)) {}

  Result<std::vector<debug::LineInstance>> find(const std::vector<debug::SourceLines>& sources) {
    std::vector<debug::LineInstance> found;
    for (const debug::SourceLines& source : sources) {
      const debug::SourceText text = debug::find_source_text(source, {.root = target_.source_root});
      if (text.path.empty()) return fail(no_text(source, text));
      const debug::LineQuery query = match(source, text.lines);
      if (query.lines.empty()) continue;
      DTP_TRY(std::vector<debug::LineInstance> lines, target_.info->find_lines(query));
      std::ranges::move(lines, std::back_inserter(found));
    }
    if (found.empty()) return fail(no_match());
    return found;
  }

 private:
  debug::LineQuery match(const debug::SourceLines& source, const std::vector<std::string>& text) {
    debug::LineQuery query{.function = source.function, .file = source.file};
    const bool is_file = source.function.empty();
    const std::size_t last = is_file ? text.size() : std::min<std::size_t>(source.last, text.size());
    for (std::size_t line = std::max(source.first, 1U); line <= last; ++line) {
      const std::string bare = without_blanks(text[line - 1]);
      if (!base::matches_pattern(pattern_, bare)) {
        is_part_ = is_part_ || bare.contains(pattern_);
      } else if (std::ranges::binary_search(source.lines, line)) {
        query.lines.push_back(static_cast<unsigned>(is_file ? line : line - source.first));
      } else {
        without_code_.push_back(is_file ? line : line - source.first);
      }
    }
    return query;
  }

  std::string place() const { return point_.function.empty() ? *point_.file : point_.function; }

  Error error(std::string what, Span span, std::string hint) const {
    return {.what = std::move(what),
            .where = Where{"probe point", point_.text, span},
            .hint = std::move(hint),
            .status = Status::wrong_request};
  }

  Error no_text(const debug::SourceLines& source, const debug::SourceText& text) const {
    Error missing =
        error(fmt::format("the text of '{}' is not here (looked for {})", source.file, fmt::join(text.looked, ", ")),
              point_.function.empty() ? point_.file_span : point_.function_span,
              target_.source_root.empty() ? "give the directory of the source: -s DIR"
                                          : "is -s the directory of this source?");
    missing.status = Status::not_possible;
    return missing;
  }

  Error no_match() const {
    if (without_code_.empty())
      return error(fmt::format("no line of '{}' matches", place()), point_.line_span,
                   is_part_ ? fmt::format("the whole line is compared: '*{}*' matches", *point_.source_pattern)
                            : "the whole line is compared, blanks aside: *TEXT* matches those that have TEXT");
    const bool is_one = without_code_.size() == 1;
    return error(
        fmt::format("{} {} of '{}', which {}, {} no code", is_one ? "line" : "lines", fmt::join(without_code_, ", "),
                    place(), is_one ? "matches" : "match", is_one ? "has" : "have"),
        point_.line_span, fmt::format("see the lines that have: dtrace++ lines {}", place()));
  }

  const expr::ProbePoint& point_;
  const Target& target_;
  std::string pattern_;
  bool is_part_ = false;                        // the pattern is a part of some line
  std::vector<std::size_t> without_code_ = {};  // lines that match, as the user would count them
};

}  // namespace

Result<std::vector<debug::LineInstance>> find_matching_lines(const expr::ProbePoint& point,
                                                             const std::vector<debug::Instance>& instances,
                                                             const Target& target) {
  const bool is_file = point.function.empty();
  const std::vector<debug::SourceLines> sources =
      is_file ? target.info->source_of_file(*point.file) : target.info->source_of(instances);
  if (sources.empty())
    return fail({.what = is_file ? fmt::format("there is no code of a file '{}'", *point.file)
                                 : fmt::format("there is no debug information of '{}'", point.function),
                 .where = Where{"probe point", point.text, is_file ? point.file_span : point.function_span},
                 .status = Status::wrong_request});
  return LineMatcher(point, target).find(sources);
}

}  // namespace dtp::lower
