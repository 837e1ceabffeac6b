// A tracepoint's raw record -> typed values.
#pragma once

#include <cstddef>
#include <span>

#include "dtracepp/record.h"

namespace dtp::record {

// Fills `values`, `ip` and `return_ip` of the record; what it held before is reused. A field that lies
// outside of the raw record becomes Absent{"not recorded"}.
void decode_raw(const EventSchema& schema, std::span<const std::byte> raw, Record& record);

}  // namespace dtp::record
