// A recipe's file, in TOML:
//
//   name = "files-read"
//   question = "Which files are being read, by whom, and how much?"
//   group = "files"
//   description = """..."""
//   cost = "..."
//   example = """..."""        # a command and what it answered
//   sort = "-asked"            # of the table: a column; with '-' the greatest first, which is the default
//   top = 30                   # rows
//   histogram = "asked"        # of a value, below the table
//   where = "latency > ${over} && ret < 0"     # rows that are shown; what mentions a parameter that is not
//                              # set is left out
//   plot = ["load"]            # columns whose way through time is drawn, of what is polled
//   stacks = true              # each hit has its stack, by frame pointers; or those of some probes: ["begin"];
//                              # "dwarf": the top of the stack is copied, which code without frame pointers needs
//   machine = true             # what one process did to another belongs to it: every process is watched, and a command
//                              # only says for how long
//   columns = [
//     { value = "comm" },
//     { name = "asked", value = "sum(asked)", show = "bytes", title = "ASKED", width = 10 },
//     { name = "share", computed = "100 * asked / total", show = "percent" },    # of the columns before it
//     { value = "text", length = "bytes" },       # of a text that no NUL ends
//     { value = "phases" },      # of a pair: below its line
//     { value = "state & 3", names = { 0 = "running", 1 = "sleeping" } },   # or flags = { 1 = "read", 2 = "write" }
//   ]
//
//   [parameters.min]
//   type = "bytes"             # see type_names
//   default = "0"              # or: required = true; without both, what mentions it is left out
//   least = "0"
//   most = "1G"
//   choices = ["a", "b"]       # of type "word"
//                              # of type "file": a path, or names of which the first is taken that is there:
//                              # "mariadbd or mysqld"
//   help = "..."
//
//   [[probe]]
//   name = "read"
//   probe = "vfs_read asked=count"     # or several, tried in order:
//   try = [{ probe = "...", program = "/bin/bash", module = "...", if = "BOOL", kernel = "6.1.*" }]
//   sample = 99                        # instead of a probe: where each CPU is, so many times a second
//   poll = "10ms"                      # instead of a probe, the only one: the load of the machine, so often
//   over = ["load1 >= ${load}"]        # of what is polled: when one is true, threads that run or are blocked are rows
//   rest = "10s"                       # and then there are no more of them for this long
//   filter = "asked >= ${min}"
//   optional = true
//   until = "open_tables%return"       # from the probe to here is a phase of the pair, see the column 'phases'; beside
//                                      # each 'probe' of 'try'
//   silent = true                      # its hits are not shown: of sched:sched_process_fork, so that it is known who
//                                      # started whom
//
//   [pair]
//   from = "begin"             # a probe, or several: ["read", "write"]
//   to = "end"
//   by = ["sector", "woken=next_pid"]    # FIRST or FIRST=SECOND; without it: by thread
//   end = ["stack", "comm"]    # these are of the second record; else what both have is of the first
//   open = true                        # first records without a second one are the answer
//   stays = true                       # a first record belongs to all second ones until the next first one
//
//   [run]                      # or: all that a thread does between two hits of it, of those that take long
//   from = "begin"
//   to = "end"
//   of = ["tid", "next_pid"]   # values with threads: a hit is a step of each of them. Its row has the "thread", the
//                              # length of the run, "latency", and the time since the step before, "since"
//   over = "${over}"           # a time: only runs that take so long
//
// Without a column that is added up every hit, or pair, is a line.
#include <toml++/toml.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "base/lines.h"
#include "base/quantity.h"
#include "base/suggest.h"
#include "recipe/recipe.h"

namespace dtp::recipe {
namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";

using Keys = std::initializer_list<std::string_view>;

// Reads what should be there and remembers what is wrong.
class Reader {
 public:
  Reader(std::string_view text, std::string file) : file_(std::move(file)) {
    while (!text.empty()) lines_.emplace_back(base::take_line(text));
  }

  Where where(const toml::source_region& region) const {
    const std::size_t line = region.begin.line;
    const std::string text = line >= 1 && line <= lines_.size() ? std::string(lines_[line - 1]) : "";
    const std::size_t begin =
        std::min<std::size_t>(region.begin.column == 0 ? 0 : region.begin.column - 1, text.size());
    const bool is_one_line = region.end.line == region.begin.line && region.end.column > region.begin.column;
    const std::size_t end = is_one_line ? std::min<std::size_t>(region.end.column - 1, text.size()) : text.size();
    return {fmt::format("{}:{}", file_, line), text, {begin, std::max(end, begin)}};
  }

  void wrong(const toml::source_region& region, std::string what, std::string hint = "") {
    wrong_.emplace_back(
        region.begin.line,
        Error{
            .what = std::move(what), .where = where(region), .hint = std::move(hint), .status = Status::wrong_request});
  }

  // In the order of the text; none: nothing is wrong.
  std::optional<Error> error() {
    if (wrong_.empty()) return std::nullopt;
    std::ranges::stable_sort(wrong_, {}, [](const auto& one) { return one.first; });
    Error first = std::move(wrong_.front().second);
    for (std::size_t i = 1; i < wrong_.size(); ++i) first.also.push_back(std::move(wrong_[i].second));
    return first;
  }

  // Whatever is not one of `known` is a slip.
  void check_keys(const toml::table& table, Keys known) {
    for (const auto& [key, node] : table) {
      const std::string_view name = key.str();
      if (std::ranges::find(known, name) != known.end()) continue;
      wrong(key.source(), fmt::format("a recipe has no '{}' here", name), guess(name, known));
    }
  }

  static std::string guess(std::string_view name, Keys known) {
    const std::vector<std::string_view> names(known);
    const std::string near = base::did_you_mean(base::nearest(name, names));
    return near.empty() ? fmt::format("there are: {}", fmt::join(names, ", ")) : near;
  }

  const toml::node* find(const toml::table& table, std::string_view key, bool is_required = false) {
    const toml::node* node = table.get(key);
    if (node == nullptr && is_required) wrong(table.source(), fmt::format("'{}' is missing", key));
    return node;
  }

  std::string text(const toml::table& table, std::string_view key, bool is_required = false) {
    const toml::node* node = find(table, key, is_required);
    if (node == nullptr) return "";
    if (const auto value = node->value_exact<std::string>(); value && !(is_required && value->empty())) return *value;
    wrong(node->source(), fmt::format("'{}' takes a text", key));
    return "";
  }

  bool flag(const toml::table& table, std::string_view key) {
    const toml::node* node = find(table, key);
    if (node == nullptr) return false;
    if (const auto value = node->value_exact<bool>()) return *value;
    wrong(node->source(), fmt::format("'{}' takes true or false", key));
    return false;
  }

  std::size_t number(const toml::table& table, std::string_view key) {
    const toml::node* node = find(table, key);
    if (node == nullptr) return 0;
    if (const auto value = node->value_exact<std::int64_t>(); value && *value >= 0)
      return static_cast<std::size_t>(*value);
    wrong(node->source(), fmt::format("'{}' takes a number", key));
    return 0;
  }

  // The tables of an array of them.
  std::vector<const toml::table*> tables(const toml::table& table, std::string_view key, bool is_required = false) {
    std::vector<const toml::table*> found;
    const toml::node* node = find(table, key, is_required);
    if (node == nullptr) return found;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      wrong(node->source(), fmt::format("'{}' takes a list of tables", key));
      return found;
    }
    for (const toml::node& one : *array)
      if (const toml::table* inner = one.as_table())
        found.push_back(inner);
      else
        wrong(one.source(), fmt::format("'{}' takes a list of tables", key));
    return found;
  }

  std::vector<std::string> texts(const toml::table& table, std::string_view key) {
    std::vector<std::string> found;
    const toml::node* node = find(table, key);
    if (node == nullptr) return found;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      wrong(node->source(), fmt::format("'{}' takes a list of texts", key));
      return found;
    }
    for (const toml::node& one : *array)
      if (auto value = one.value_exact<std::string>())
        found.push_back(std::move(*value));
      else
        wrong(one.source(), fmt::format("'{}' takes a list of texts", key));
    return found;
  }

 private:
  std::string file_;
  std::vector<std::string_view> lines_ = {};
  std::vector<std::pair<std::size_t, Error>> wrong_ = {};  // by line
};

// Toml sorts; people have an order.
std::vector<std::pair<const toml::key*, const toml::node*>> in_order(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
  std::ranges::sort(entries, {}, [](const auto& entry) {
    return std::pair(entry.first->source().begin.line, entry.first->source().begin.column);
  });
  return entries;
}

Type read_type(Reader& reader, const toml::table& table) {
  const std::string name = reader.text(table, "type", true);
  std::vector<std::string_view> names;
  for (const TypeName& known : type_names) {
    if (known.name == name) return known.type;
    names.push_back(known.name);
  }
  if (!name.empty()) {
    reader.wrong(table.get("type")->source(), fmt::format("there is no type '{}'", name),
                 fmt::format("there are: {}", fmt::join(names, ", ")));
  }
  return Type::text;
}

void read_parameters(Reader& reader, const toml::table& root, Recipe& recipe) {
  const toml::node* node = reader.find(root, "parameters");
  if (node == nullptr) return;
  const toml::table* all = node->as_table();
  if (all == nullptr) return reader.wrong(node->source(), "'parameters' takes tables: [parameters.NAME]");
  for (const auto& [key, one] : in_order(*all)) {
    const toml::table* table = one->as_table();
    if (table == nullptr) {
      reader.wrong(one->source(), "a parameter is a table: [parameters.NAME]");
      continue;
    }
    reader.check_keys(*table, {"type", "default", "required", "least", "most", "choices", "help"});
    Parameter parameter{.name = std::string(key->str()),
                        .type = read_type(reader, *table),
                        .help = reader.text(*table, "help", true),
                        .is_required = reader.flag(*table, "required"),
                        .least = reader.text(*table, "least"),
                        .most = reader.text(*table, "most"),
                        .choices = reader.texts(*table, "choices")};
    if (table->contains("default")) parameter.value = reader.text(*table, "default");
    recipe.parameters.push_back(std::move(parameter));
  }
}

Attempt read_attempt(Reader& reader, const toml::table& table) {
  Attempt attempt{.probe = reader.text(table, "probe", !table.contains("sample")),
                  .hz = reader.number(table, "sample"),
                  .program = reader.text(table, "program"),
                  .module = reader.text(table, "module"),
                  .only = reader.text(table, "if"),
                  .kernel = reader.text(table, "kernel")};
  const toml::node* probe = table.get("probe");
  attempt.where = reader.where((probe == nullptr ? static_cast<const toml::node&>(table) : *probe).source());
  return attempt;
}

// What ends a phase is a probe of its own, with as many ways. None: `begin` is no phase.
std::optional<Probe> read_until(Reader& reader, const std::vector<const toml::table*>& attempts, Probe& begin) {
  if (std::ranges::none_of(attempts, [](const toml::table* one) { return one->contains("until"); }))
    return std::nullopt;
  Probe end = begin;
  end.name += ", its end";
  end.ends_phase = true;
  for (std::size_t i = 0; i < attempts.size(); ++i) end.attempts[i].probe = reader.text(*attempts[i], "until", true);
  begin.phase = end.phase = begin.name;
  return end;
}

// A time, or a parameter.
std::string read_time(Reader& reader, const toml::table& table, std::string_view key) {
  const std::string text = reader.text(table, key, true);
  if (!text.empty() && !text.starts_with("${") && !base::parse_duration_ns(text))
    reader.wrong(table.get(key)->source(), fmt::format("'{}' takes a time such as 10ms, 2s", key));
  return text;
}

// A parameter is a number where it stands for one.
std::string without_parameters(std::string text) {
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos) break;
    text.replace(at, end + 1 - at, "1");
  }
  return text;
}

void check_formula(Reader& reader, const toml::table& table, std::string_view key, const std::string& text) {
  if (text.empty()) return;
  const auto formula = report::Formula::parse(without_parameters(text), key);
  if (!formula) reader.wrong(table.get(key)->source(), formula.error().what);
}

void read_poll(Reader& reader, const toml::table& table, Recipe& recipe) {
  reader.check_keys(table, {"name", "poll", "over", "rest"});
  recipe.poll = Poll{.every = read_time(reader, table, "poll"), .over = reader.texts(table, "over")};
  if (!recipe.poll->over.empty()) recipe.poll->rest = read_time(reader, table, "rest");
  for (const std::string& over : recipe.poll->over) check_formula(reader, table, "over", over);
}

void read_probes(Reader& reader, const toml::table& root, Recipe& recipe) {
  const std::vector<const toml::table*> tables = reader.tables(root, "probe", true);
  for (const toml::table* table : tables) {
    if (table->contains("poll")) {
      if (tables.size() > 1) reader.wrong(table->get("poll")->source(), "a recipe that polls has no other probes");
      read_poll(reader, *table, recipe);
      continue;
    }
    Probe probe{.name = reader.text(*table, "name", true),
                .filter = reader.text(*table, "filter"),
                .is_optional = reader.flag(*table, "optional"),
                .is_silent = reader.flag(*table, "silent")};
    std::vector<const toml::table*> attempts{table};
    if (table->contains("try")) {
      reader.check_keys(*table, {"name", "try", "filter", "optional", "silent"});
      attempts = reader.tables(*table, "try");
      for (const toml::table* attempt : attempts)
        reader.check_keys(*attempt, {"probe", "until", "sample", "program", "module", "if", "kernel"});
    } else {
      reader.check_keys(*table, {"name", "probe", "until", "sample", "program", "module", "if", "kernel", "filter",
                                 "optional", "silent"});
    }
    for (const toml::table* attempt : attempts) probe.attempts.push_back(read_attempt(reader, *attempt));
    if (std::ranges::find(recipe.probes, probe.name, &Probe::name) != recipe.probes.end())
      reader.wrong(table->source(), fmt::format("there are two probes '{}'", probe.name));
    auto end = read_until(reader, attempts, probe);
    recipe.probes.push_back(std::move(probe));
    if (end) recipe.probes.push_back(std::move(*end));
  }
}

// One name, or several.
std::vector<std::string> read_probe_names(Reader& reader, const toml::table& table, std::string_view key,
                                          const Recipe& recipe) {
  const toml::node* node = reader.find(table, key, true);
  if (node == nullptr) return {};
  const std::vector<std::string> names =
      node->is_array() ? reader.texts(table, key) : std::vector{reader.text(table, key, true)};
  for (const std::string& name : names)
    if (!name.empty() && std::ranges::find(recipe.probes, name, &Probe::name) == recipe.probes.end())
      reader.wrong(node->source(), fmt::format("there is no probe '{}'", name));
  return names;
}

void read_pairing(Reader& reader, const toml::table& root, Recipe& recipe) {
  const toml::node* node = reader.find(root, "pair");
  if (node == nullptr) return;
  const toml::table* table = node->as_table();
  if (table == nullptr) return reader.wrong(node->source(), "'pair' is a table: [pair]");
  reader.check_keys(*table, {"from", "to", "by", "end", "open", "stays"});
  Pairing pairing{.from = read_probe_names(reader, *table, "from", recipe),
                  .to = read_probe_names(reader, *table, "to", recipe),
                  .end = reader.texts(*table, "end"),
                  .shows_open = reader.flag(*table, "open"),
                  .stays = reader.flag(*table, "stays")};
  for (const std::string& text : reader.texts(*table, "by")) {
    const std::size_t equals = text.find('=');
    const std::string first = text.substr(0, equals);
    pairing.by.push_back({first, equals == std::string::npos ? first : text.substr(equals + 1)});
  }
  recipe.pairing = std::move(pairing);
}

// Phases are of a thread.
void check_phases(Reader& reader, const toml::table& root, const Recipe& recipe) {
  if (std::ranges::all_of(recipe.probes, [](const Probe& probe) { return probe.phase.empty(); })) return;
  if (recipe.pairing && recipe.pairing->by.empty() && !recipe.pairing->stays && !recipe.pairing->shows_open) return;
  reader.wrong(root.get("probe")->source(),
               "'until' makes phases of what is between 'from' and 'to' of a [pair] by thread");
}

void read_run(Reader& reader, const toml::table& root, Recipe& recipe) {
  const toml::node* node = reader.find(root, "run");
  if (node == nullptr) return;
  const toml::table* table = node->as_table();
  if (table == nullptr) return reader.wrong(node->source(), "'run' is a table: [run]");
  if (recipe.pairing) reader.wrong(node->source(), "hits are of a 'pair' or of a 'run', not of both");
  reader.check_keys(*table, {"from", "to", "of", "over"});
  recipe.run = Run{.from = read_probe_names(reader, *table, "from", recipe),
                   .to = read_probe_names(reader, *table, "to", recipe),
                   .of = reader.texts(*table, "of"),
                   .over = read_time(reader, *table, "over")};
  if (recipe.run->of.empty()) recipe.run->of = {"tid"};
}

void read_stacks(Reader& reader, const toml::table& root, Recipe& recipe) {
  const toml::node* node = reader.find(root, "stacks");
  if (node == nullptr) return;
  if (node->is_array())
    recipe.stacks_of = read_probe_names(reader, root, "stacks", recipe);
  else if (node->is_string() && node->value_exact<std::string>() != "dwarf")
    return reader.wrong(node->source(), "'stacks' takes true, false, \"dwarf\" or a list of probes");
  recipe.unwinds = node->is_string();
  recipe.with_stacks =
      recipe.unwinds || !recipe.stacks_of.empty() || (!node->is_array() && reader.flag(root, "stacks"));
}

// "sum(asked)", "count()", "asked >> 8".
void read_value(Reader& reader, const toml::table& table, report::AnswerColumn& column) {
  const std::string text = reader.text(table, "value", true);
  const std::size_t open = text.find('(');
  const std::string name = text.substr(0, std::min(open, text.size()));
  // What begins with a parenthesis is a formula.
  if (open == std::string::npos || !text.ends_with(')') || name.find_first_not_of(letters) != std::string::npos ||
      name.empty()) {
    column.of = text;
    return check_formula(reader, table, "value", text);
  }
  column.of = text.substr(open + 1, text.size() - open - 2);
  std::vector<std::string_view> names;
  for (const report::AggregateName& known : report::aggregate_names) {
    if (known.name == name) column.aggregate = known.aggregate;
    names.push_back(known.name);
  }
  const auto& region = table.get("value")->source();
  if (column.aggregate == report::Aggregate::none)
    return reader.wrong(region, fmt::format("there is no '{}()'", name),
                        fmt::format("there are: {}", fmt::join(names, ", ")));
  if ((column.aggregate == report::Aggregate::count) != column.of.empty())
    return reader.wrong(region, column.of.empty() ? fmt::format("'{}()' takes a value", name)
                                                  : "'count()' counts hits: it takes no value");
  check_formula(reader, table, "value", column.of);
}

// "100 * merged / asked": columns that were added up, and are before this one.
void read_computed(Reader& reader, const toml::table& table, const report::Answer& answer,
                   report::AnswerColumn& column) {
  column.of = reader.text(table, "computed", true);
  column.aggregate = report::Aggregate::computed;
  const auto& region = table.get("computed")->source();
  if (column.name.empty()) reader.wrong(region, "what is computed has a 'name'");
  const auto formula = report::Formula::parse(column.of, "computed");
  if (!formula) return reader.wrong(region, formula.error().what);
  for (const std::string& name : formula->names())
    if (std::ranges::find(answer.columns, name, &report::AnswerColumn::name) == answer.columns.end())
      reader.wrong(region, fmt::format("there is no column '{}' before this one", name));
}

void read_names(Reader& reader, const toml::node& node, report::Show& show) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return reader.wrong(node.source(), "names are a table: { 1 = \"one\" }");
  for (const auto& [key, one] : in_order(*table)) {
    const std::string_view digits = key->str();
    const bool is_hex = digits.starts_with("0x");
    std::uint64_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data() + (is_hex ? 2 : 0), end, number, is_hex ? 16 : 10);
    const auto name = one->value_exact<std::string>();
    if (parsed.ptr != end || parsed.ec != std::errc{} || !name)
      reader.wrong(key->source(), "a name belongs to a number: { 1 = \"one\" }");
    else
      show.names.emplace_back(number, *name);
  }
}

void read_show(Reader& reader, const toml::table& table, report::Show& show) {
  for (const auto& [key, as] :
       {std::pair("names", report::Show::As::names), std::pair("flags", report::Show::As::flags)}) {
    const toml::node* node = table.get(key);
    if (node == nullptr) continue;
    show.as = as;
    read_names(reader, *node, show);
  }
  const std::string name = reader.text(table, "show");
  if (name.empty()) return;
  std::vector<std::string_view> names;
  for (const report::ShowName& known : report::show_names) {
    if (known.name == name) show.as = known.as;
    names.push_back(known.name);
  }
  if (std::ranges::find(names, name) == names.end()) {
    reader.wrong(table.get("show")->source(), fmt::format("nothing is shown as '{}'", name),
                 fmt::format("there are: {}", fmt::join(names, ", ")));
  }
}

void read_columns(Reader& reader, const toml::table& root, report::Answer& answer) {
  for (const toml::table* table : reader.tables(root, "columns", true)) {
    reader.check_keys(*table, {"name", "title", "value", "length", "computed", "show", "width", "names", "flags"});
    report::AnswerColumn column{.name = reader.text(*table, "name"),
                                .title = reader.text(*table, "title"),
                                .width = reader.number(*table, "width"),
                                .length = reader.text(*table, "length")};
    if (table->contains("computed"))
      read_computed(reader, *table, answer, column);
    else
      read_value(reader, *table, column);
    if (column.of == "phases") column.show.as = report::Show::As::phases;
    check_formula(reader, *table, "length", column.length);
    read_show(reader, *table, column.show);
    if (column.name.empty()) column.name = column.of.empty() ? "count" : column.of;
    if (std::ranges::find(answer.columns, column.name, &report::AnswerColumn::name) != answer.columns.end())
      reader.wrong(table->source(), fmt::format("there are two columns '{}'", column.name), "give one a 'name'");
    answer.columns.push_back(std::move(column));
  }
  for (const report::AnswerColumn& column : answer.columns)
    if (column.aggregate == report::Aggregate::computed && !report::is_added_up(answer))
      return reader.wrong(root.get("columns")->source(),
                          fmt::format("nothing is added up that '{}' could be computed of", column.name));
}

void read_order(Reader& reader, const toml::table& root, report::Answer& answer) {
  answer.top = reader.number(root, "top");
  answer.histogram = reader.text(root, "histogram");
  check_formula(reader, root, "histogram", answer.histogram);
  answer.where = reader.text(root, "where");  // checked when its parameters are known
  std::string sort = reader.text(root, "sort");
  if (sort.empty()) return;
  answer.descending = sort.starts_with('-');
  answer.sort = answer.descending ? sort.substr(1) : sort;
  if (std::ranges::find(answer.columns, answer.sort, &report::AnswerColumn::name) == answer.columns.end())
    reader.wrong(root.get("sort")->source(), fmt::format("there is no column '{}'", answer.sort));
}

void read_plot(Reader& reader, const toml::table& root, Recipe& recipe) {
  recipe.plot = reader.texts(root, "plot");
  if (!recipe.plot.empty() && !recipe.poll)
    return reader.wrong(root.get("plot")->source(), "a trend is of what is polled, which is nothing here");
  for (const std::string& name : recipe.plot)
    if (std::ranges::find(recipe.answer.columns, name, &report::AnswerColumn::name) == recipe.answer.columns.end())
      reader.wrong(root.get("plot")->source(), fmt::format("there is no column '{}'", name));
}

void read_group(Reader& reader, const toml::table& root, Recipe& recipe) {
  recipe.group = reader.text(root, "group", true);
  if (!recipe.group.empty() && std::ranges::find(groups, recipe.group) == std::end(groups)) {
    reader.wrong(root.get("group")->source(), fmt::format("there is no group '{}'", recipe.group),
                 fmt::format("there are: {}", fmt::join(groups, ", ")));
  }
}

}  // namespace

Result<Recipe> parse(std::string_view text, const std::string& file) {
  Reader reader(text, file);
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const std::string text(error.description());  // "Error while parsing value: ..."
    const std::size_t colon = text.find(": ");
    reader.wrong(error.source(), colon == std::string::npos ? text : text.substr(colon + 2));
    return fail(*reader.error());
  }
  reader.check_keys(root, {"name", "question", "group", "description", "cost", "example", "sort", "top", "histogram",
                           "where", "plot", "stacks", "machine", "columns", "parameters", "probe", "pair", "run"});
  Recipe recipe{.name = reader.text(root, "name", true),
                .question = reader.text(root, "question", true),
                .description = reader.text(root, "description"),
                .cost = reader.text(root, "cost", true),
                .example = reader.text(root, "example"),
                .file = file,
                .is_of_machine = reader.flag(root, "machine")};
  read_group(reader, root, recipe);
  read_parameters(reader, root, recipe);
  read_probes(reader, root, recipe);
  read_pairing(reader, root, recipe);
  check_phases(reader, root, recipe);
  read_run(reader, root, recipe);
  read_stacks(reader, root, recipe);
  read_columns(reader, root, recipe.answer);
  read_order(reader, root, recipe.answer);
  read_plot(reader, root, recipe);
  if (auto error = reader.error()) return fail(*std::move(error));
  return recipe;
}

}  // namespace dtp::recipe
