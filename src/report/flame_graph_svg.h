// Flame graphs as SVG.
#pragma once

#include <string_view>

#include "report/flame_graph.h"
#include "report/output.h"

namespace dtp::report {

// A whole file, which needs nothing else: with search, zoom, and colours for light and dark screens.
Result<void> write_flame_svg(Output& output, const FlameGraph& graph, std::string_view title);

// For pages that have the graph among other things: the search box with its neighbours, as XHTML, and each root as an
// <svg> of its own. They want the script and the style of the graph.
void append_flame_controls(std::string& out, const FlameGraph& graph);
Result<void> write_flame_roots(Output& output, const FlameGraph& graph, std::size_t top);

}  // namespace dtp::report
