// dtrace++ lines: source text, with the lines that can be probed.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/json_object.h"
#include "cmd/output_format.h"
#include "cmd/target.h"
#include "cmd/terminal.h"
#include "debug/process_files.h"
#include "debug/source_path.h"
#include "debug/source_text.h"
#include "expr/parse.h"
#include "lower/lower.h"

namespace dtp::cmd {
namespace {

struct Options {
  TargetOptions target = {};
  std::string place = {};
  std::string format = "text";
};

constexpr unsigned no_end = std::numeric_limits<unsigned>::max();

// "vfs_read@read_write.c:10-20", "read_write.c:10+5": what to show. Lines of a function count from its declaration.
struct Wanted {
  std::string name = {};  // a function's, or a file's
  std::string file = {};  // behind '@'
  unsigned first = 0;
  unsigned last = no_end;
  Span range = {};  // in the user's text
};

Error wrong_range(const std::string& text, Span span, std::string what) {
  return {.what = std::move(what),
          .where = Where{"lines", text, span},
          .hint = "write FUNCTION:FIRST-LAST, FUNCTION:FIRST+COUNT or FUNCTION:FIRST, or the same with a file",
          .status = Status::wrong_request};
}

// A colon that starts a range: not one of "geo::Shape".
std::size_t find_range(std::string_view text) {
  for (std::size_t at = text.size(); at-- > 0;) {
    if (text[at] != ':') continue;
    if (at > 0 && text[at - 1] == ':') return std::string_view::npos;
    return at;
  }
  return std::string_view::npos;
}

Result<Wanted> parse(const std::string& text) {
  Wanted wanted;
  if (const std::size_t pattern = text.find(';'); pattern != std::string::npos)
    return fail(wrong_range(text, {pattern, text.size()}, "a range of lines is wanted, not a pattern"));
  const std::size_t colon = find_range(text);
  wanted.name = text.substr(0, colon);
  if (const std::size_t at = wanted.name.find('@'); at != std::string::npos) {
    wanted.file = wanted.name.substr(at + 1);
    wanted.name.resize(at);
  }
  if (wanted.name.empty()) return fail(wrong_range(text, {0, text.size()}, "neither a function nor a file is named"));
  if (colon == std::string::npos) return wanted;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  wanted.range = {colon + 1, text.size()};
  const auto number = [&](const char*& at, unsigned& value) -> Result<void> {
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc{}) {
      const auto from = static_cast<std::size_t>(at - begin);
      return fail(wrong_range(text, {from, std::max(from + 1, text.size())}, "a line number is wanted here"));
    }
    at = stop;
    return {};
  };
  const char* at = begin + colon + 1;
  DTP_CHECK(number(at, wanted.first));
  if (at == end) return wanted;
  const char sign = *at;
  if (sign == '-' || sign == '+') DTP_CHECK(number(++at, wanted.last));
  if (at != end) {
    const auto from = static_cast<std::size_t>(at - begin);
    return fail(wrong_range(text, {from, text.size()}, "this does not belong to a range of lines"));
  }
  if (sign == '+') {
    if (wanted.last == 0) return fail(wrong_range(text, wanted.range, "the range has no lines"));
    wanted.last = wanted.last - 1 > no_end - wanted.first ? no_end : wanted.first + wanted.last - 1;
  }
  if (wanted.last < wanted.first) return fail(wrong_range(text, wanted.range, "the range ends before it begins"));
  return wanted;
}

Result<std::vector<debug::SourceLines>> find_function(const Wanted& wanted, const lower::Target& target) {
  DTP_TRY(std::vector<debug::Instance> instances, target.info->find_functions(wanted.name));
  std::erase_if(instances,
                [&](const debug::Instance& instance) { return !debug::matches_tail(instance.file, wanted.file); });
  return target.info->source_of(instances);
}

Result<std::vector<debug::SourceLines>> find(const Wanted& wanted, const std::string& text,
                                             const lower::Target& target) {
  if (target.info == nullptr || !target.info->has_lines())
    return fail({.what = fmt::format("source lines need debug information, and there is none{}", target.why_no_info),
                 .hint = target.info_hint,
                 .status = Status::not_possible});
  // Names of files have dots; so have some of functions.
  if (wanted.file.empty() && wanted.name.find_first_of("./") != std::string::npos) {
    std::vector<debug::SourceLines> files = target.info->source_of_file(wanted.name);
    if (!files.empty()) return files;
    DTP_TRY(std::vector<debug::SourceLines> functions, find_function(wanted, target));
    if (!functions.empty()) return functions;
    return fail({.what = fmt::format("there is no code of a file '{}'", wanted.name),
                 .where = Where{"lines", text, {0, wanted.name.size()}},
                 .status = Status::wrong_request});
  }
  DTP_TRY(std::vector<debug::SourceLines> found, find_function(wanted, target));
  if (!found.empty()) return found;
  // The same words as for a probe, with names that are near.
  DTP_TRY(const expr::ProbePoint point,
          expr::parse_point(wanted.file.empty() ? wanted.name : wanted.name + "@" + wanted.file));
  DTP_TRY(const std::vector<lower::Spot> spots, lower::find_spots(point, target));
  return fail({.what = fmt::format("there is no debug information of '{}'{}", wanted.name, target.why_no_info),
               .where = Where{"lines", text, {0, wanted.name.size()}},
               .hint = "only its symbol is known: it can be probed by name",
               .status = Status::not_possible});
}

// The part of a source that is wanted.
struct Shown {
  debug::SourceLines source = {};
  debug::SourceText text = {};
  unsigned base = 0;  // what shown line numbers count from
  unsigned first = 0;
  unsigned last = 0;
};

bool is_closing(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t");
  return at != std::string_view::npos && line[at] == '}';
}

Shown cut(debug::SourceLines source, const Wanted& wanted, const debug::SourcePlaces& places) {
  Shown shown;
  shown.base = source.function.empty() ? 0 : source.first;
  const auto absolute = [&](unsigned line) { return line > no_end - shown.base ? no_end : shown.base + line; };
  shown.text = debug::find_source_text(source, places);
  const auto in_file = static_cast<unsigned>(shown.text.lines.size());
  const unsigned end = source.function.empty() && in_file > 0 ? in_file : source.last;
  shown.first = std::max(1U, absolute(wanted.first));
  shown.last = wanted.last == no_end ? std::max(end, shown.first) : absolute(wanted.last);
  if (in_file > 0) shown.last = std::min(shown.last, in_file);
  // The closing brace has no code when the function ends otherwise.
  const bool to_end = shown.base > 0 && wanted.last == no_end && shown.last < in_file;
  if (to_end && is_closing(shown.text.lines[shown.last])) ++shown.last;
  std::erase_if(source.lines, [&](unsigned line) { return line < shown.first || line > shown.last; });
  shown.source = std::move(source);
  return shown;
}

// Tabs as a terminal shows them; anything else that would move its cursor is made visible.
std::string printable(std::string_view line) {
  std::string spread;
  for (const char c : line) {
    if (c == '\t')
      spread.append(8 - spread.size() % 8, ' ');
    else
      spread += c;
  }
  return base::escape(spread);
}

std::string head_of(const debug::SourceLines& source) {
  return source.function.empty() ? source.file : fmt::format("{}@{}:{}", source.function, source.file, source.first);
}

std::string format_text(const Shown& shown, bool colour) {
  const debug::SourceLines& source = shown.source;
  std::string out = base::escape(head_of(source)) + "\n";
  if (shown.text.lines.empty()) {
    for (const unsigned line : source.lines) out += fmt::format("{:>7}\n", line - shown.base);
    return out;
  }
  auto next = source.lines.begin();
  for (unsigned line = shown.first; line <= shown.last && line > 0; ++line) {
    const bool has_code = next != source.lines.end() && *next == line;
    if (has_code) ++next;
    const std::string number = has_code ? fmt::format("{:>7}", line - shown.base) : std::string(7, ' ');
    std::string text = printable(shown.text.lines[line - 1]);
    if (colour)
      out += has_code ? "\033[1;32m" + number + "\033[0m  " + text : number + "  \033[2m" + text + "\033[0m";
    else
      out += number + "  " + text;
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  return out;
}

std::string format_json(const Shown& shown) {
  JsonObject object;
  if (!shown.source.function.empty())
    object.text("function", shown.source.function).number("declared", shown.source.first);
  object.text("file", shown.source.file);
  if (!shown.text.path.empty()) object.text("text", shown.text.path);
  std::string lines;
  for (const unsigned line : shown.source.lines) lines += (lines.empty() ? "" : ",") + std::to_string(line);
  return object.raw("lines", "[" + lines + "]").str() + "\n";
}

void print_missing(const Shown& shown, const Options& options) {
  const std::string looked = fmt::format("{}", fmt::join(shown.text.looked, ", "));
  fmt::print(stderr, "warning: the text of '{}' is not here (looked for {}): these are the lines that can be probed\n",
             base::escape(shown.source.file), base::escape(looked));
  fmt::print(stderr, "hint: {}\n",
             options.target.source_root.empty() ? "give the directory of the source: -s DIR"
                                                : "is -s the directory of this source?");
}

Result<void> list(const Options& options, const Common& common) {
  DTP_TRY(const Wanted wanted, parse(options.place));
  DTP_TRY(const std::unique_ptr<OpenTarget> opened, open_target(options.target));
  DTP_TRY(std::vector<debug::SourceLines> sources, find(wanted, options.place, opened->target));
  const debug::SourcePlaces places{.root = options.target.source_root,
                                   .view = debug::root_of(opened->target.object),
                                   .build_id = opened->binary ? opened->binary->file.build_id() : "",
                                   .downloads = options.target.downloads};
  std::string out;
  std::vector<Shown> without_text;
  bool has_lines = false;
  for (debug::SourceLines& source : sources) {
    Shown shown = cut(std::move(source), wanted, places);
    has_lines = has_lines || !shown.source.lines.empty();
    out += options.format == "json" ? format_json(shown) : format_text(shown, has_colour(common, STDOUT_FILENO));
    if (shown.text.path.empty()) without_text.push_back(std::move(shown));
  }
  if (!has_lines)
    return fail({.what = "none of these lines has code",
                 .where = Where{"lines", options.place, wanted.range},
                 .hint = "give no range to see which lines have code",
                 .status = Status::wrong_request});
  {
    const Paged paged(common);
    std::fwrite(out.data(), 1, out.size(), stdout);
  }
  if (options.format == "text" && !common.quiet)
    for (const Shown& shown : without_text) print_missing(shown, options);
  return {};
}

}  // namespace

void add_lines(Registry& registry) {
  CLI::App& command = *registry.app.add_subcommand("lines", "show source text with the lines that can be probed");
  auto options = std::make_shared<Options>();
  command.add_option("PLACE", options->place, "FUNCTION[@FILE] or FILE, and which lines: :FIRST[-LAST|+COUNT]")
      ->required();
  add_source_option(command, options->target);
  add_format_option(command, options->format, text_or_objects);
  add_target_options(command, options->target);
  add_process_option(command, options->target);
  add_pager_option(command, registry.common);
  add_common_options(command, registry.common);
  command.footer(
      "Lines of a function count from its declaration, as in a probe: line 4 of vfs_read is 'vfs_read:4'.\n"
      "Examples:\n"
      "  dtrace++ lines -k vmlinux -s ~/linux-6.1 vfs_read\n"
      "  dtrace++ lines -x ./server handle_request:10-20\n"
      "  dtrace++ lines -x ./server server.c:100+30");
  run_alone(command, registry, options, list);
}

}  // namespace dtp::cmd
