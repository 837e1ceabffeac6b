#include "cmd/exports.h"

#include "cmd/read_recording.h"
#include "cmd/write_file.h"
#include "report/perfetto.h"
#include "report/pprof.h"
#include "report/speedscope.h"

namespace dtp::cmd {
namespace {

constexpr std::string_view exporter = "dtrace++ " DTP_VERSION;

}  // namespace

void add_export_options(CLI::App& command, ExportOptions& options, const std::vector<CLI::Option*>& others) {
  const auto add_file = [&](const std::string& name, std::string& path, const std::string& what) {
    CLI::Option* option = command.add_option(name, path, what)->type_name("FILE");
    for (CLI::Option* other : others) option->excludes(other);
    return option;
  };
  add_file("--speedscope", options.speedscope, "write the stacks for speedscope");
  add_file("--pprof", options.pprof, "write the stacks for pprof");
  CLI::Option* perfetto = add_file("--perfetto", options.perfetto, "write the records as a time line for Perfetto");
  command.add_option("--counter", options.counters, "draw a field, too, as a counter of the time line")
      ->type_name("FIELD[,FIELD]")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->needs(perfetto);
}

Result<Exports> Exports::begin(const ExportOptions& options, const record::PerfDataReader& reader,
                               symbol::Symbolizer& symbols) {
  Exports exports(options);
  exports.wall_offset_ns_ = reader.wall_offset_ns();
  if (options.perfetto.empty()) return exports;
  for (const std::string& counter : options.counters) DTP_CHECK(check_number("--counter", counter, reader.schemas()));
  DTP_TRY(base::NewFile file, base::NewFile::create(options.perfetto));
  exports.file_.emplace(std::move(file));
  exports.output_ = std::make_unique<report::Output>(exports.file_->fd(), options.perfetto);
  exports.timeline_ = report::make_perfetto(
      *exports.output_, symbols,
      {.counters = options.counters, .clock = reader.clock(), .wall_offset_ns = reader.wall_offset_ns()});
  DTP_CHECK(exports.timeline_->begin(reader.schemas()));
  return exports;
}

Result<void> Exports::add(const record::Record& record) {
  if (!timeline_) return {};
  auto done = timeline_->record(record);
  // What could not be written whole does not appear.
  if (!done) timeline_.reset();
  return done;
}

Result<void> Exports::finish(const report::Profile& profile, const std::string& name) {
  if (options_->need_profile()) DTP_CHECK(check_stacks(profile, name));
  if (!options_->speedscope.empty())
    DTP_CHECK(write_file(options_->speedscope, [&](report::Output& output) {
      return report::write_speedscope(output, profile, name, exporter);
    }));
  if (!options_->pprof.empty())
    DTP_CHECK(write_file(options_->pprof, [&](report::Output& output) {
      return report::write_pprof(output, profile, {name, std::string(exporter), wall_offset_ns_});
    }));
  if (!timeline_) return {};
  DTP_CHECK(timeline_->end());
  return file_->commit();
}

}  // namespace dtp::cmd
