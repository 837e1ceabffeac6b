// Positions and widths are shares of the whole, so that the drawing fills any window without its script. Everything
// that comes from the recording goes through append_markup().
#include "report/flame_graph_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/escape.h"
#include "report/embedded.h"

namespace dtp::report {
namespace {

constexpr std::size_t row = 18;  // pixels
constexpr std::size_t head_height = 104;
constexpr std::size_t gap = 22;  // between the graphs of two events
// What names are cut to as long as no script has measured the window.
constexpr double usual_width = 1176;
constexpr double letter_width = 7.3;
constexpr std::size_t fewest_letters = 3;

std::size_t height_of(const FlameRoot& root) {
  std::size_t deepest = 0;
  for (const FlameBox& box : root.boxes) deepest = std::max(deepest, box.depth);
  return (deepest + 1) * row;
}

// Four shades of a colour, the same for the same name wherever it stands.
std::size_t shade_of(const FlameLabel& label) {
  std::size_t sum = 0;
  for (const char letter : label.name) sum = sum * 31 + static_cast<unsigned char>(letter);
  return sum / 7 % 4;
}

std::string_view class_of(FlameLabel::Kind kind) {
  switch (kind) {
    case FlameLabel::Kind::event: return "event";
    case FlameLabel::Kind::key: return "key";
    case FlameLabel::Kind::user: return "user";
    case FlameLabel::Kind::kernel: return "kernel";
    case FlameLabel::Kind::inlined: return "inlined";
  }
  return "";
}

// As many letters of UTF-8 as there is room for.
std::string cut(const std::string& text, std::size_t room) {
  const auto is_first = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; };
  std::size_t letters = 0;
  std::size_t keep = 0;  // bytes of room - 1 letters
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_first(text[i])) continue;
    if (++letters == room) keep = i;
  }
  return letters <= room ? text : text.substr(0, keep) + "…";
}

class Drawing {
 public:
  Drawing(const FlameGraph& graph, const FlameRoot& root) : graph_(graph), root_(root) {
    for (const FlameBox& box : root.boxes) greatest_ = std::max(greatest_, std::abs(growth(root, box)));
  }

  void append_box(std::string& out, const FlameBox& box) const {
    const FlameLabel& label = graph_.labels[box.label];
    std::string name = base::escape(label.name);
    if (label.kind == FlameLabel::Kind::event) name += fmt::format(": {} hits", box.hits);
    const double width = percent(box.hits, root_.hits);
    const std::size_t y = box.depth * row;
    fmt::format_to(std::back_inserter(out), R"(<g class="{}" data-at="{}" data-hits="{}" data-depth="{}"><title>)",
                   colours_of(box, label), box.begin, box.hits, box.depth);
    base::append_markup(out, name);
    out += '\n';
    if (!label.file.empty()) {
      base::append_markup(out, label.file);
      out += label.kind == FlameLabel::Kind::inlined ? " (inlined)\n" : "\n";
    }
    out += numbers_of(box);
    const std::string x = fmt::format("{:.4f}%", percent(box.begin, root_.hits));
    fmt::format_to(std::back_inserter(out), R"(</title><rect x="{}" y="{}" width="{:.4f}%" height="{}"/>)", x, y, width,
                   row - 1);
    const double room = (width / 100.0 * usual_width - 8) / letter_width;
    if (room >= fewest_letters) {
      fmt::format_to(std::back_inserter(out), R"(<text x="{}" dx="4" y="{}">)", x, y + 13);
      base::append_markup(out, cut(name, static_cast<std::size_t>(room)));
      out += "</text>";
    }
    out += "</g>\n";
  }

 private:
  std::string numbers_of(const FlameBox& box) const {
    const double share = percent(box.hits, root_.hits);
    if (!graph_.is_difference) return fmt::format("{} hits, {:.2f} %", box.hits, share);
    return fmt::format("{} hits, {:.2f} %; before {} hits, {:.2f} %; {:+.2f} points", box.hits, share, box.before,
                       percent(box.before, root_.before), growth(root_, box));
  }

  std::string colours_of(const FlameBox& box, const FlameLabel& label) const {
    if (!graph_.is_difference) return fmt::format("{} s{}", class_of(label.kind), shade_of(label));
    const double points = growth(root_, box);
    if (std::abs(points) < 0.005) return "same";  // 0.00 in the title
    // Small changes are to be seen too.
    const double strength = std::sqrt(std::abs(points) / greatest_);
    return fmt::format("{} d{}", points > 0 ? "grew" : "shrank", std::clamp(static_cast<int>(strength * 4) + 1, 1, 4));
  }

  const FlameGraph& graph_;
  const FlameRoot& root_;
  double greatest_ = 0;  // growth, in points
};

Result<void> write_root(Output& output, const FlameGraph& graph, const FlameRoot& root, std::size_t top) {
  fmt::format_to(std::back_inserter(output.buffer()),
                 "<svg class=\"graph\" x=\"1%\" y=\"{}\" width=\"98%\" height=\"{}\" data-hits=\"{}\">\n", top,
                 height_of(root), root.hits);
  const Drawing drawing(graph, root);
  for (const FlameBox& box : root.boxes) {
    drawing.append_box(output.buffer(), box);
    DTP_CHECK(output.line_done());
  }
  output.buffer() += "</svg>\n";
  return {};
}

void append_legend(std::string& out, std::string_view colour, std::string_view meaning) {
  out += fmt::format(R"(<span><i class="{}"></i>{}</span>)", colour, meaning);
}

}  // namespace

void append_flame_controls(std::string& out, const FlameGraph& graph) {
  out += R"(<div xmlns="http://www.w3.org/1999/xhtml" class="controls">)"
         R"(<input type="search" aria-label="Search functions and files" placeholder="Search functions and files: Ctrl-F"/>)"
         R"(<button type="button" disabled="">Reset zoom</button><output class="found"></output><span class="legend">)";
  if (graph.is_difference) {
    append_legend(out, "grew d3", "share grew");
    append_legend(out, "shrank d3", "share shrank");
  } else {
    append_legend(out, "user", "user");
    append_legend(out, "inlined", "inlined");
    append_legend(out, "kernel", "kernel");
  }
  std::size_t narrow = 0;
  for (const FlameRoot& root : graph.roots) narrow += root.narrow;
  if (narrow > 0) out += fmt::format("<span>{} too narrow to draw</span>", narrow);
  out += "</span><output class=\"details\"></output></div>\n";
}

Result<void> write_flame_roots(Output& output, const FlameGraph& graph, std::size_t top) {
  for (const FlameRoot& root : graph.roots) {
    DTP_CHECK(write_root(output, graph, root, top));
    top += height_of(root) + gap;
  }
  return {};
}

Result<void> write_flame_svg(Output& output, const FlameGraph& graph, std::string_view title) {
  std::size_t height = head_height;
  for (const FlameRoot& root : graph.roots) height += height_of(root) + gap;
  std::string& out = output.buffer();
  out += fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"flame\" width=\"1200\" height=\"{}\">\n<title>",
      height);
  base::append_markup(out, title);
  out += "</title>\n<style>";
  out += embedded::flame_graph_css;
  out += ":root { width: 100%; background: var(--paper); }\n</style>\n<text class=\"heading\" x=\"1%\" y=\"28\">";
  base::append_markup(out, title);
  out += fmt::format("</text>\n<foreignObject x=\"1%\" y=\"38\" width=\"98%\" height=\"{}\">\n", head_height - 42);
  append_flame_controls(out, graph);
  out += "</foreignObject>\n";
  DTP_CHECK(write_flame_roots(output, graph, head_height));
  output.buffer() += "<script><![CDATA[";
  output.buffer() += embedded::flame_graph_js;
  output.buffer() += "]]></script>\n</svg>\n";
  return output.flush();
}

}  // namespace dtp::report
