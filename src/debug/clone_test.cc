#include "debug/clone.h"

#include <doctest/doctest.h>

namespace dtp::debug {

TEST_CASE("the source's name of a clone") {
  struct Row {
    std::string_view symbol, name;
  };
  for (const Row& row : {
           Row{"vfs_read", "vfs_read"},
           Row{"finish_task_switch.isra.0", "finish_task_switch"},
           Row{"f.constprop.12", "f"},
           Row{"f.part.0.isra.1.cold", "f"},
           Row{"f.cold", "f"},
           Row{"f.cold.3", "f"},
           Row{"f.llvm.1234567890", "f"},
           Row{"_ZN3geo5Shape4growEi.isra.0", "_ZN3geo5Shape4growEi"},
           Row{"main.(*T).isra", "main.(*T).isra"},
           Row{"main.main.func1", "main.main.func1"},
           Row{".isra.0", ".isra.0"},
           Row{"12", "12"},
           Row{"", ""},
       }) {
    CAPTURE(row.symbol);
    CHECK(without_clone_suffix(row.symbol) == row.name);
  }
}

TEST_CASE("fragments") {
  for (const std::string_view name : {"f.cold", "f.isra.0.cold", "f.cold.1", "__pfx_vfs_read", "__cfi_f"}) {
    CAPTURE(name);
    CHECK(is_fragment(name));
  }
  for (const std::string_view name : {"f", "f.isra.0", "coldplug", "main.coldStart", "f.part.0", ".cold", ""}) {
    CAPTURE(name);
    CHECK_FALSE(is_fragment(name));
  }
}

}  // namespace dtp::debug
