// Names as the source has them.
#pragma once

#include <string>
#include <string_view>

namespace dtp::debug {

// "geo::Shape::grow(int)" of "_ZN3geo5Shape4growEi"; C++ and Rust. Other names as they are.
std::string demangle(std::string_view name);

}  // namespace dtp::debug
