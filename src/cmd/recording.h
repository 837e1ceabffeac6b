// What record and trace share: which events, and what to say at the end.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command.h"
#include "dtracepp/record.h"
#include "kernel/capture.h"
#include "kernel/pairing.h"
#include "kernel/sample_maker.h"
#include "probe/filter.h"
#include "record/address_spaces.h"
#include "record/comm.h"
#include "record/format.h"
#include "record/members.h"
#include "record/tracing_data.h"

namespace dtp::cmd {

// -g, which is --stack, and --call-graph.
struct StackFlags {
  bool with_frame_pointers = false;
  std::string call_graph = {};
};
void add_stack_options(CLI::App& command, StackFlags& options);
Result<kernel::StackOptions> to_stacks(const StackFlags& flags);
// What code is mapped when the recording begins, with build-ids: of the kernel, and of what is watched. `tasks` are in
// the order of their processes.
std::vector<record::NewMapping> running_code(const kernel::Target& target, const kernel::StackOptions& stacks,
                                             std::span<const record::Task> tasks);

// An event to be recorded, with what is known of its fields.
struct WatchedEvent {
  kernel::EventName name = {};
  std::string format = {};  // annotated with the displays
  record::EventSchema schema = {};
  std::string filter = {};                   // in the kernel's language
  std::vector<record::Member> members = {};  // who share it; empty: it is one event
  std::vector<bool> are_filtered = {};       // of the members: not all of its records are wanted
  bool without_stack = false;                // where the others have one
  std::uint64_t hz = 0;                      // of a clock: so many times a second
  // Of pairs that the kernel makes: see kernel::CaptureEvent.
  std::optional<kernel::Pairing> pairing = {};
  std::size_t thread_offset = kernel::SampleMaker::common_thread_offset;
};
// What its records are shown as.
std::vector<record::EventSchema> schemas_of(const WatchedEvent& event);
// Reads the format of the event and puts the displays into it; translates the user's filter with both.
Result<WatchedEvent> watch_event(kernel::TraceFs& tracefs, const kernel::EventName& name,
                                 const std::vector<record::FieldDisplay>& displays, std::string_view filter);
// What a filter may know of the event.
std::vector<probe::FilterField> filter_fields(const record::EventSchema& schema);

// Where each CPU is when it is at work, so many times a second.
WatchedEvent watch_clock(std::uint64_t hz);

std::vector<kernel::CaptureEvent> to_capture(const std::vector<WatchedEvent>& events);

// What a recording of them says of their formats.
record::TracingData tracing_data(kernel::TraceFs& tracefs, const std::vector<WatchedEvent>& events);

// "3 lost (2 rings full, 1 probes missed)"; "0 lost".
std::string describe_losses(const kernel::Losses& losses);
// Of the whole program: that of the command when it ended the recording.
int exit_status(const kernel::Ending& ending);

}  // namespace dtp::cmd
