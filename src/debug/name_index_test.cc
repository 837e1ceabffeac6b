#include "debug/name_index.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstring>

namespace dtp::debug {
namespace {

struct Trial {
  ElfFile file = *ElfFile::open(DTP_FIXTURES "/programs/ul_cpp");
  std::vector<std::byte> bytes = build_name_index(file);

  std::optional<NameIndex> open(std::span<const std::byte> contents) const {
    void* data = ::mmap(nullptr, contents.size() + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(data != MAP_FAILED);
    std::memcpy(data, contents.data(), contents.size());
    return NameIndex::of_bytes(file, base::Mapping(data, contents.size() + 1), contents.size());
  }
};

// Everything that can be asked.
std::size_t read_all(const NameIndex& index) {
  std::size_t seen = 0;
  for (const NameIndex::Function& function : index.find_prefix("")) {
    seen += index.instances(function).size();
    seen += index.find(index.name_of(function)).size();
  }
  for (const char* name : {"g_plain", "count_", "A", "no_such_variable"})
    seen += index.units_of_variable(name).size() + index.units_of_enumerator(name).size();
  return seen + index.units_of("ul_cpp.cc").size();
}

}  // namespace

TEST_CASE("name index: functions by name and by what the name begins with") {
  const Trial trial;
  const auto index = trial.open(trial.bytes);
  REQUIRE(index);
  CHECK(index->has_all_names());
  REQUIRE(index->find("main").size() == 1);
  CHECK(index->name_of(index->find("main")[0]) == "main");
  CHECK(index->instances(index->find("main")[0]).size() == 1);
  CHECK(index->instances(index->find("main")[0])[0].is_inlined == 0);
  CHECK(index->find("mai").empty());
  CHECK(index->find_prefix("mai").size() == 1);
  CHECK(index->find("no_such_function").empty());
}

TEST_CASE("name index: units by the files that they have code of") {
  const Trial trial;
  const auto index = trial.open(trial.bytes);
  REQUIRE(index);
  CHECK(index->units_of("ul_cpp.cc").size() == 1);
  CHECK(index->units_of("some/where/ul_cpp.cc").size() == 1);
  CHECK(index->units_of("no_such_file.c").empty());
}

TEST_CASE("name index: units by their variables and enumerators, names shorter than an offset among them") {
  const Trial trial;
  const auto index = trial.open(trial.bytes);
  REQUIRE(index);
  CHECK(index->units_of_variable("g_plain").size() == 1);
  CHECK(index->units_of_variable("g_in_ns").size() == 1);
  CHECK(index->units_of_variable("count_").size() == 1);
  CHECK(index->units_of_variable("A").empty());
  CHECK(index->units_of_enumerator("A").size() == 1);
  CHECK(index->units_of_enumerator("g_plain").empty());
  CHECK(index->units_of_variable("lam").empty());  // a local
  CHECK(index->units_of_variable("w_").empty());   // a member
  CHECK(index->units_of_variable("").empty());
}

TEST_CASE("name index: a damaged one is refused, or stays within its bounds") {
  const Trial trial;
  for (std::size_t size = 0; size < trial.bytes.size(); size += 7) {
    CAPTURE(size);
    CHECK_FALSE(trial.open(std::span(trial.bytes).first(size)));
  }
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < trial.bytes.size() * 8; bit += 5) {
    std::vector<std::byte> damaged = trial.bytes;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    if (const auto index = trial.open(damaged))
      read_all(*index);
    else
      ++refused;
  }
  CHECK(refused > 0);
}

}  // namespace dtp::debug
