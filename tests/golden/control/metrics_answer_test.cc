// The figures of the site of tests/support/site.h in both formats, and that docs/metrics.md names each of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "control/metrics.h"
#include "support/golden.h"
#include "support/site.h"

namespace vtid::control {
namespace {

std::string file_text(const std::string& path) { return vtid::test::file_contents(VTID_SOURCE_DIR + path); }

std::string metrics(MetricsFormat format) {
  model::Snapshot site = test::snapshot_with_group();
  site.work = {12, 34, 5, 0.25, 0.0125};
  return render_metrics(Index(site), format);
}

TEST(Metrics, AreTheGoldenOnesAsOpenMetrics) {
  vtid::test::expect_golden(VTID_SOURCE_DIR "/tests/golden/control/metrics.openmetrics", metrics(MetricsFormat::openmetrics));
}
TEST(Metrics, AreTheGoldenOnesForPrometheus) {
  vtid::test::expect_golden(VTID_SOURCE_DIR "/tests/golden/control/metrics.prometheus", metrics(MetricsFormat::prometheus));
}

TEST(Metrics, EscapeWhatALabelMayNotHold) {
  model::Snapshot site = test::snapshot();
  site.tunnels[0].name = "a\"b\\c\nd\xff";
  EXPECT_THAT(render_metrics(Index(site), MetricsFormat::openmetrics),
              testing::HasSubstr("vtid_tunnel_children_up{tunnel=\"a\\\"b\\\\c\\nd"));
}

std::set<std::string> names_in(const std::string& text, const std::regex& pattern) {
  std::set<std::string> names;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) names.insert(match->str(1));
  return names;
}

TEST(Metrics, AreAllInTheirPageAndNoOthers) {
  const auto shown = names_in(metrics(MetricsFormat::prometheus), std::regex("# TYPE (\\S+)"));
  EXPECT_GT(shown.size(), 30U);
  EXPECT_EQ(names_in(file_text("/docs/metrics.md"), std::regex("\\| `(vtid_\\w+)` \\|")), shown);
}

TEST(Metrics, OfAlertsAndDashboardExist) {
  const auto shown = names_in(metrics(MetricsFormat::prometheus), std::regex("# TYPE (\\S+)"));
  for (const char* file : {"/conf/prometheus-alerts.yml", "/conf/grafana-dashboard.json"}) {
    const auto used = names_in(file_text(file), std::regex("\\b(vtid_\\w+)\\b"));
    EXPECT_GT(used.size(), 4U) << file;
    for (const std::string& name : used) EXPECT_TRUE(shown.contains(name)) << file << ": " << name;
  }
}

}  // namespace
}  // namespace vtid::control
