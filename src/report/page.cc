// The browser is told in a Content-Security-Policy to run our two scripts and none besides, and to load nothing. What
// they draw is data in JSON, in which no '<' is left, so that it cannot end its element. Every other text goes through
// append_markup().
#include "report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/escape.h"
#include "report/embedded.h"
#include "report/flame_graph_svg.h"

namespace dtp::report {
namespace {

// What is below is added up: a page is for reading.
constexpr std::size_t most_rows = 1000;
constexpr std::size_t most_lines = 8;

std::string markup(std::string_view text) {
  std::string out;
  base::append_markup(out, text);
  return out;
}

std::string json(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  for (std::size_t at = 0; (at = out.find('<', at)) != std::string::npos;) out.replace(at, 1, "\\u003c");
  return out;
}

std::string duration_text(std::uint64_t ns) {
  constexpr std::array<std::pair<double, const char*>, 3> units{{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}}};
  for (const auto& [unit, name] : units)
    if (static_cast<double>(ns) >= unit) return fmt::format("{:.4g} {}", static_cast<double>(ns) / unit, name);
  return fmt::format("{} ns", ns);
}

// The world's time: who looks at the page need not be where it was made.
std::string date_text(std::uint64_t time_ns, std::int64_t wall_offset_ns) {
  const auto seconds = static_cast<std::time_t>((time_ns + static_cast<std::uint64_t>(wall_offset_ns)) / 1'000'000'000);
  std::tm date = {};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &date) == nullptr) return "";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &date)};
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) (text += text.empty() ? "" : between) += word;
  return text;
}

class Page {
 public:
  Page(Output& output, const PageContent& content) : output_(output), content_(content) {}

  Result<void> write() {
    write_head();
    write_facts();
    DTP_CHECK(write_hits());
    write_rates();
    write_numbers();
    DTP_CHECK(write_graph());
    write_data();
    out() += "<script>";
    out() += embedded::flame_graph_js;
    out() += "</script>\n<script>";
    out() += embedded::page_js;
    out() += "</script>\n</body>\n</html>\n";
    return output_.flush();
  }

 private:
  std::string& out() { return output_.buffer(); }

  void write_head() {
    out() += fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\" class=\"flame\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src '{}' '{}'; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>",
        embedded::flame_graph_js_hash, embedded::page_js_hash, markup(content_.file));
    out() += embedded::flame_graph_css;
    out() += embedded::page_css;
    out() += "</style>\n</head>\n<body>\n";
  }

  void fact(std::string_view name, std::string_view value, std::string_view kind = "") {
    if (!value.empty())
      out() += fmt::format("<div class=\"{}\"><dt>{}</dt><dd>{}</dd></div>\n", kind, name, markup(value));
  }

  void write_facts() {
    const record::Origin& origin = content_.origin;
    const record::Counts& counts = content_.counts;
    const Profile& profile = content_.profile;
    out() += fmt::format("<header>\n<h1>{}</h1>\n<dl>\n", markup(content_.file));
    std::uint64_t records = 0;
    for (const ProfiledEvent& event : profile.events) records += event.hits;
    fact("records", std::to_string(records), "number");
    if (counts.records > records) fact("not selected", std::to_string(counts.records - records), "number");
    fact("lost", std::to_string(counts.lost), counts.lost > 0 ? "number bad" : "number");
    if (counts.other > 0) fact("of other events", std::to_string(counts.other), "number");
    if (counts.broken > 0) fact("not whole", std::to_string(counts.broken), "number bad");
    fact("time", duration_text(profile.last_ns > profile.first_ns ? profile.last_ns - profile.first_ns : 0), "number");
    if (content_.wall_offset_ns && records > 0) fact("began", date_text(profile.first_ns, *content_.wall_offset_ns));
    fact("machine", origin.hostname);
    fact("kernel", origin.release + (origin.arch.empty() ? "" : " " + origin.arch));
    fact("recorded by", joined(origin.command_line, " "), "wide");
    out() += "</dl>\n";
    if (counts.lost > 0)
      out() +=
          "<p class=\"bad\">Shares are of what was recorded. The rings were full, so the hits that are missing "
          "need not be like those that are here.</p>\n";
    out() += "</header>\n";
  }

  Result<void> write_hits() {
    const Profile& profile = content_.profile;
    std::vector<const Group*> groups;
    for (const Group& group : profile.groups) groups.push_back(&group);
    std::ranges::stable_sort(groups, std::ranges::greater{}, &Group::hits);
    out() += "<section>\n<h2>Hits</h2>\n<div class=\"scroll\">\n<table class=\"hits\">\n<thead><tr>";
    out() += "<th scope=\"col\"><button>event</button></th>";
    for (const Key& key : profile.keys)
      out() += fmt::format("<th scope=\"col\"><button>{}</button></th>", markup(key.name));
    out() +=
        "<th scope=\"col\" class=\"number\" aria-sort=\"descending\"><button>hits</button></th>"
        "<th scope=\"col\" class=\"number share\"><button>of the event</button></th></tr></thead>\n<tbody>\n";
    std::uint64_t left_out = 0;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (i < most_rows)
        write_row(*groups[i]);
      else
        left_out += groups[i]->hits;
      DTP_CHECK(output_.line_done());
    }
    out() += "</tbody>\n</table>\n</div>\n";
    if (groups.size() > most_rows)
      out() += fmt::format("<p class=\"note\">{} more rows with {} hits</p>\n", groups.size() - most_rows, left_out);
    out() += "</section>\n";
    return {};
  }

  void write_row(const Group& group) {
    const ProfiledEvent& event = content_.profile.events[group.event];
    const double share = percent(group.hits, event.hits);
    out() += fmt::format("<tr><td>{}</td>", markup(event.name));
    for (const std::string& key : group.keys) out() += fmt::format("<td>{}</td>", markup(key));
    out() += fmt::format(
        "<td class=\"number\">{}</td><td class=\"number share\"><i style=\"--share:{:.4f}\"></i>{:.2f} %</td></tr>\n",
        group.hits, share / 100, share);
  }

  void write_rates() { out() += "<section>\n<h2>Rate of events</h2>\n<div id=\"rates\"></div>\n</section>\n"; }

  void write_numbers() {
    if (std::ranges::all_of(content_.findings.numbers, [](const Numbers& numbers) { return numbers.events.empty(); }))
      return;
    out() +=
        "<section>\n<h2>Distribution <select id=\"field\" aria-label=\"Field\"></select></h2>\n"
        "<div id=\"distribution\"></div>\n</section>\n";
  }

  Result<void> write_graph() {
    out() += "<section>\n<h2>Stacks</h2>\n";
    if (content_.graph == nullptr) {
      out() += "<p class=\"note\">No stacks were recorded; <code>dtrace++ record -g</code> records them.</p>\n";
    } else {
      append_flame_controls(out(), *content_.graph);
      DTP_CHECK(write_flame_roots(output_, *content_.graph, 0));
    }
    out() += "</section>\n";
    return {};
  }

  void write_data() {
    out() += "<script type=\"application/json\" id=\"data\">\n{\"rates\":";
    append_rates();
    out() += ",\n\"numbers\":[";
    bool is_first = true;
    for (const Numbers& numbers : content_.findings.numbers)
      for (const EventNumbers& event : numbers.events) {
        if (event.all.count() == 0) continue;
        if (!is_first) out() += ",\n";
        is_first = false;
        append_numbers(numbers.name, event);
      }
    out() += "]}\n</script>\n";
  }

  // Those with most records have a line each, the others one together.
  void append_rates() {
    const Rates& rates = content_.findings.rates;
    const std::vector<std::vector<std::uint64_t>>& hits = rates.hits();
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t event = 0; event < hits.size(); ++event) {
      std::uint64_t sum = 0;
      for (const std::uint64_t count : hits[event]) sum += count;
      order.emplace_back(sum, event);
    }
    std::ranges::stable_sort(order, std::ranges::greater{}, &std::pair<std::uint64_t, std::size_t>::first);
    std::vector<std::uint64_t> others(Rates::most_steps);
    out() += fmt::format("{{\"step\":{},\"lines\":[", static_cast<double>(rates.step_ns()) / 1e9);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::vector<std::uint64_t>& line = hits[order[i].second];
      if (i < most_lines)
        append_line(content_.findings.events[order[i].second], line, i > 0);
      else
        std::ranges::transform(others, line, others.begin(), std::plus{});
    }
    if (order.size() > most_lines) append_line(fmt::format("{} other events", order.size() - most_lines), others, true);
    out() += "]}";
  }

  void append_line(const std::string& name, const std::vector<std::uint64_t>& hits, bool has_neighbour) {
    const auto end = hits.begin() + static_cast<std::ptrdiff_t>(content_.findings.rates.steps());
    out() += fmt::format("{}{{\"event\":{},\"hits\":[{}]}}", has_neighbour ? ",\n" : "", json(name),
                         fmt::join(hits.begin(), end, ","));
  }

  // Numbers of 64 bits are texts: a script would round them.
  void append_numbers(const std::string& field, const EventNumbers& numbers) {
    const Distribution& all = numbers.all;
    out() += fmt::format("{{\"event\":{},\"field\":{},\"facts\":[", json(numbers.event), json(base::escape(field)));
    out() +=
        fmt::format("[\"count\",\"{}\"],[\"mean\",\"{:.2f}\"],[\"least\",\"{}\"],", all.count(), all.mean(), all.min());
    for (const int share : {50, 90, 99}) out() += fmt::format("[\"p{}\",\"{}\"],", share, all.percentile(share));
    out() += fmt::format("[\"greatest\",\"{}\"]", all.max());
    if (numbers.unreadable > 0) out() += fmt::format(",[\"not readable\",\"{}\"]", numbers.unreadable);
    out() += "],\"ranges\":[";
    bool is_first = true;
    for (const Distribution::Range& range : all.ranges()) {
      out() += fmt::format("{}[\"{}\",\"{}\",{}]", is_first ? "" : ",", range.first, range.last, range.count);
      is_first = false;
    }
    out() += "]}";
  }

  Output& output_;
  const PageContent& content_;
};

}  // namespace

Result<void> write_page(Output& output, const PageContent& content) { return Page(output, content).write(); }

}  // namespace dtp::report
