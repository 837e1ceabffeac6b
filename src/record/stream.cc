#include "record/stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/cursor.h"
#include "kernel/perf_records.h"
#include "record/decode.h"
#include "record/mapping_record.h"
#include "record/perf_data_format.h"
#include "record/task_record.h"

namespace dtp::record {
namespace {

using Bytes = std::span<const std::byte>;

std::uint64_t load_number(Bytes record, std::size_t offset) {
  std::uint64_t number = 0;
  if (offset + sizeof number <= record.size()) std::memcpy(&number, record.data() + offset, sizeof number);
  return number;
}

// The kernel's number of the event, and the member's.
std::uint32_t member_key(std::uint16_t id, std::uint16_t member) { return std::uint32_t{id} << 16 | member; }

// With several layouts the id must be at the same place in all, or it could not be found before it is known.
bool can_be_told_apart(const std::vector<Layout>& layouts) {
  return std::ranges::all_of(layouts, [&](const Layout& layout) {
    return layout.id != 0 && layout.id == layouts.front().id && layout.trailer_id == layouts.front().trailer_id;
  });
}

}  // namespace

Result<Stream> Stream::create(std::span<const StreamEvent> events, std::span<const EventSchema> schemas,
                              Consumer consumer) {
  Stream stream;
  for (const StreamEvent& event : events) {
    for (const std::uint64_t id : event.ids) stream.layout_of_id_[id] = stream.layouts_.size();
    stream.layouts_.push_back(make_layout(event.attr));
  }
  if (stream.layouts_.empty()) return fail({.what = "there are no events to read"});
  stream.uniform_ = std::ranges::all_of(stream.layouts_, [&](const Layout& l) { return l == stream.layouts_.front(); });
  if (!stream.uniform_ && !can_be_told_apart(stream.layouts_)) {
    return fail({.what = "the events have different record layouts and no identifier to tell them apart"});
  }
  for (const EventSchema& schema : schemas) {
    stream.schemas_[schema.id] = &schema;
    if (schema.member_offset >= 0) stream.members_[member_key(schema.id, schema.member)] = &schema;
  }
  stream.consumer_ = std::move(consumer);
  return stream;
}

const Layout* Stream::layout_of_sample(Bytes record) const {
  if (uniform_) return &layouts_.front();
  const auto found = layout_of_id_.find(load_number(record, layouts_.front().id));
  return found == layout_of_id_.end() ? nullptr : &layouts_[found->second];
}

const Layout* Stream::layout_of_other(Bytes record) const {
  const Layout& first = layouts_.front();
  if (uniform_ || first.trailer_id == 0 || record.size() < first.trailer_id) return &first;
  const auto found = layout_of_id_.find(load_number(record, record.size() - first.trailer_id));
  return found == layout_of_id_.end() ? &first : &layouts_[found->second];
}

const EventSchema* Stream::schema_of(Bytes raw) {
  if (raw.size() < 2) return nullptr;
  std::uint16_t id = 0;
  std::memcpy(&id, raw.data(), sizeof id);
  if (last_schema_ == nullptr || last_schema_->id != id) {
    const auto found = schemas_.find(id);
    if (found == schemas_.end()) return nullptr;
    last_schema_ = found->second;
  }
  return last_schema_;
}

const EventSchema* Stream::member_of(const EventSchema& any, Bytes raw) const {
  std::uint16_t member = 0;
  const auto offset = static_cast<std::size_t>(any.member_offset);
  if (offset + sizeof member > raw.size()) return nullptr;
  std::memcpy(&member, raw.data() + offset, sizeof member);
  if (member == any.member) return &any;
  const auto found = members_.find(member_key(any.id, member));
  return found == members_.end() ? nullptr : found->second;
}

Result<void> Stream::add(Bytes record) {
  const perf_event_header header = kernel::header_of(record);
  std::uint64_t time = 0;
  if (header.type == PERF_RECORD_SAMPLE) {
    const Layout* layout = layout_of_sample(record);
    if (layout != nullptr && layout->time != 0) time = load_number(record, layout->time);
  } else if (header.type == record_build_id) {
    if (const auto module = parse_build_id(record)) spaces_.set_build_id(module->path, module->build_id);
    return {};
  } else if (header.type < PERF_RECORD_MAX) {
    time = trailer_time(*layout_of_other(record), record);
  } else {
    return {};  // written by perf itself
  }
  // What a tool made up at the start (the names of running threads) has no time and comes first.
  if (time == 0) return emit(record);
  order_.add(time, record);
  return {};
}

Result<void> Stream::end_round() {
  return order_.end_round([&](Bytes record) { return emit(record); });
}

Result<void> Stream::finish() {
  return order_.finish([&](Bytes record) { return emit(record); });
}

Result<void> Stream::emit(Bytes record) {
  const perf_event_header header = kernel::header_of(record);
  base::Cursor cursor(record, sizeof header);
  switch (header.type) {
    case PERF_RECORD_SAMPLE: return emit_sample(record);
    case PERF_RECORD_COMM: note_comm(record); return {};
    case PERF_RECORD_FORK: note_fork(record); return {};
    case PERF_RECORD_EXIT:
      if (const auto task = parse_fork(record); task && task->tid == task->pid) spaces_.clear(task->pid);
      return {};
    case PERF_RECORD_MMAP:
    case PERF_RECORD_MMAP2: note_mapping(record); return {};
    case PERF_RECORD_LOST:
      cursor.skip(8);
      counts_.lost += cursor.read<std::uint64_t>();
      return {};
    case PERF_RECORD_LOST_SAMPLES: counts_.lost += cursor.read<std::uint64_t>(); return {};
    default: return {};
  }
}

void Stream::note_comm(Bytes record) {
  const auto task = parse_comm(record);
  if (!task) return;
  comms_.set(task->tid, task->comm, trailer_time(*layout_of_other(record), record));
  if (!task->is_exec) return;
  spaces_.clear(task->pid);
  jit_.restart(task->pid);
}

void Stream::note_fork(Bytes record) {
  const auto task = parse_fork(record);
  if (!task) return;
  comms_.fork(task->tid, task->parent_tid);
  spaces_.fork(task->pid, task->parent_pid);
}

void Stream::add_mapping(const NewMapping& mapping) {
  spaces_.add(mapping);
  jit_.note_mapping(mapping);
}

void Stream::note_mapping(Bytes record) {
  if (const auto mapping = parse_mapping(record)) add_mapping(*mapping);
}

void Stream::take_stack(const Sample& sample) {
  Stack& stack = record_.stack;
  stack.chain.resize(sample.chain.size() / sizeof(std::uint64_t));
  if (!sample.chain.empty()) std::memcpy(stack.chain.data(), sample.chain.data(), sample.chain.size());
  stack.registers = sample.user_registers;
  stack.memory = sample.user_stack;
  if (!stack.is_recorded()) return;
  jit_.update(sample.pid, sample.time_ns, spaces_);
  stack.user = &spaces_.of(sample.pid);
  stack.kernel = &spaces_.kernel();
}

Result<void> Stream::emit_sample(Bytes record) {
  Sample sample;
  const Layout* layout = layout_of_sample(record);
  if (layout == nullptr || !parse_sample(*layout, record, sample)) {
    ++counts_.broken;
    return {};
  }
  const EventSchema* schema = schema_of(sample.raw);
  if (schema == nullptr) {
    ++counts_.other;
    return {};
  }
  if (schema->member_offset >= 0) schema = member_of(*schema, sample.raw);
  if (schema == nullptr) return {};  // nobody asked for this member
  record_.time_ns = sample.time_ns;
  record_.cpu = sample.cpu;
  record_.pid = sample.pid;
  record_.tid = sample.tid;
  record_.comm =
      schema->since_offset < 0
          ? comms_.name(sample.tid)
          : comms_.name_at(sample.tid, load_number(sample.raw, static_cast<std::size_t>(schema->since_offset)));
  decode_raw(*schema, sample.raw, record_);
  take_stack(sample);
  ++counts_.records;
  return consumer_(record_);
}

}  // namespace dtp::record
