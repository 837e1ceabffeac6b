// What a page shows of records besides their profile: when they came, and the numbers in them. In one pass.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "dtracepp/record.h"
#include "report/numbers.h"
#include "report/rates.h"

namespace dtp::report {

class Survey {
 public:
  // `symbols` outlives it, and so do the schemas.
  Survey(std::span<const record::EventSchema> schemas, symbol::Symbolizer& symbols);
  void add(const record::Record& record);

  struct Findings {
    std::vector<std::string> events = {};  // printable, in the order of the rates
    Rates rates = {};
    std::vector<Numbers> numbers = {};  // of each field that is a number in any event
  };
  Findings finish() &&;

 private:
  Findings findings_ = {};
  std::unordered_map<const record::EventSchema*, std::size_t> event_of_ = {};
  std::vector<FieldNumbers> fields_ = {};
};

}  // namespace dtp::report
