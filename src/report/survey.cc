#include "report/survey.h"

#include <set>
#include <utility>

#include "base/escape.h"

namespace dtp::report {

Survey::Survey(std::span<const record::EventSchema> schemas, symbol::Symbolizer& symbols) {
  std::set<std::string> names;
  for (const record::EventSchema& schema : schemas)
    for (const record::FieldSchema& field : schema.fields)
      if (is_number(field) && names.insert(field.name).second)
        fields_.emplace_back(field.name, std::vector<Key>{}, symbols);
}

void Survey::add(const record::Record& record) {
  const auto [at, is_new] = event_of_.try_emplace(record.schema, findings_.events.size());
  if (is_new) findings_.events.push_back(base::escape(record.schema->group + ":" + record.schema->event));
  findings_.rates.add(at->second, record.time_ns);
  for (FieldNumbers& field : fields_) field.add(record);
}

Survey::Findings Survey::finish() && {
  for (FieldNumbers& field : fields_) findings_.numbers.push_back(std::move(field).finish());
  return std::move(findings_);
}

}  // namespace dtp::report
