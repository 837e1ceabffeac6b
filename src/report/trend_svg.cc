// A panel for each number, one below the other, over the same time. Marks go through all of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"
#include "report/embedded.h"
#include "report/trend.h"

namespace dtp::report {
namespace {

constexpr double width = 1200;
constexpr double left = 90;
constexpr double right = 24;
constexpr double head_height = 56;
constexpr double panel_height = 120;
constexpr double gap = 44;  // with the title of the next panel

class TrendDrawing {
 public:
  TrendDrawing(const Trend& trend, const std::vector<TrendLine>& lines, const Show& clock)
      : trend_(trend), lines_(lines), clock_(clock) {}

  double height() const { return bottom() + gap; }

  void append(std::string& out) const {
    for (std::size_t i = 0; i < lines_.size(); ++i) append_panel(out, i);
    for (std::size_t step = 0; step < trend_.steps(); ++step)
      if (trend_.marks()[step])
        out += fmt::format(
            "<line class=\"mark\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"><title>{3}</title></line>\n",
            x_of(step), head_height, bottom(), time_text(step));
    constexpr std::size_t ticks = 6;
    for (std::size_t i = 0; i <= ticks; ++i) {
      const std::size_t step = i * trend_.steps() / ticks;
      out += fmt::format("<text class=\"faint\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", x_of(step),
                         bottom() + 20, time_text(step));
    }
  }

 private:
  static double top_of(std::size_t panel) {
    return head_height + gap / 2 + static_cast<double>(panel) * (panel_height + gap);
  }
  double bottom() const { return top_of(lines_.size() - 1) + panel_height; }
  double x_of(std::size_t step) const {
    const auto steps = static_cast<double>(std::max<std::size_t>(trend_.steps(), 1));
    return left + (width - left - right) * static_cast<double>(step) / steps;
  }
  std::string time_text(std::size_t step) const {
    const std::string text = cell_text({{trend_.begin_ns() + step * trend_.step_ns()}}, clock_);
    return text.substr(0, text.find('.'));
  }

  void append_panel(std::string& out, std::size_t panel) const {
    const std::vector<Wide>& highest = trend_.highest(panel);
    const Wide most = std::max<Wide>(*std::ranges::max_element(highest), 1);
    const double base = top_of(panel) + panel_height;
    const auto y_of = [&](Wide number) {
      return base - panel_height * static_cast<double>(number) / static_cast<double>(most);
    };
    out += fmt::format("<text x=\"{}\" y=\"{}\">", left, top_of(panel) - 8);
    base::append_markup(out, lines_[panel].title);
    out += "</text>\n";
    for (const Wide tick : {Wide{0}, most}) {
      out += fmt::format(
          "<line class=\"axis\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
          "<text class=\"faint\" text-anchor=\"end\" x=\"{3}\" y=\"{4:.1f}\">",
          left, width - right, y_of(tick), left - 8, y_of(tick) + 4);
      base::append_markup(out, cell_text({{static_cast<std::uint64_t>(tick)}}, lines_[panel].show));
      out += "</text>\n";
    }
    std::string path;
    for (std::size_t step = 0; step < highest.size(); ++step)
      path +=
          fmt::format("{}{:.1f} {:.1f}H{:.1f}", step == 0 ? "M" : "L", x_of(step), y_of(highest[step]), x_of(step + 1));
    out += fmt::format("<path class=\"area\" d=\"{}V{:.1f}H{:.1f}Z\"/><path class=\"border\" d=\"{}\"/>\n", path, base,
                       left, path);
  }

  const Trend& trend_;
  const std::vector<TrendLine>& lines_;
  const Show& clock_;
};

}  // namespace

Result<void> write_trend_svg(Output& output, const Trend& trend, const std::vector<TrendLine>& lines, const Show& clock,
                             std::string_view title) {
  if (trend.steps() == 0 || lines.empty()) return fail({.what = "there is no trend to be drawn"});
  const TrendDrawing drawing(trend, lines, clock);
  std::string& out = output.buffer();
  out += fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"trend\" viewBox=\"0 0 {} {}\">\n<title>",
      width, drawing.height());
  base::append_markup(out, title);
  out += "</title>\n<style>";
  out += embedded::trend_css;
  out += fmt::format("</style>\n<text class=\"heading\" x=\"{}\" y=\"32\">", left);
  base::append_markup(out, title);
  out += "</text>\n";
  drawing.append(out);
  out += "</svg>\n";
  return output.flush();
}

}  // namespace dtp::report
