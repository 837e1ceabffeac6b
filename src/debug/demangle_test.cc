#include "debug/demangle.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

namespace dtp::debug {
namespace {

TEST_CASE("names as the source has them") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"vfs_read", "vfs_read"},
      {"_ZN3geo5Shape4growEi", "geo::Shape::grow(int)"},
      // Rust's older scheme: the hash goes, what is between dollar signs becomes what it stands for.
      {"_ZN4shop4sell17h0123456789abcdefE", "shop::sell"},
      {"_ZN4shop4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "shop::main::{{closure}}"},
      {"_ZN42_$LT$shop..Shape$u20$as$u20$shop..Area$GT$4area17h0123456789abcdefE", "<shop::Shape as shop::Area>::area"},
      // Not a hash: C++.
      {"_ZN4shop4sell17h0123456789abcdeXE", "shop::sell::h0123456789abcdeX"},
      {"_RNvC4shop4sell", "shop::sell"},
      {"_RNvNtC4shop4text5greet", "shop::text::greet"},
      {"_RNvMs0_CshHufVnfiv3D_7ul_rustNtB5_5Stack4push", "<ul_rust::Stack>::push"},
      {"_Znonsense", "_Znonsense"},
  };
  for (const auto& [symbol, name] : rows) CHECK(demangle(symbol) == name);
}

}  // namespace
}  // namespace dtp::debug
