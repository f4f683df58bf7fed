#include <gtest/gtest.h>

#include <algorithm>

#include "foreign/import.h"

namespace vtid::foreign {
namespace {

std::string what(std::string_view text) {
  const auto source = recognise(text);
  if (!source) return source.error().text;
  return std::string(name_of(*source).word);
}

TEST(Recognise, APfsenseConfigurationByItsRoot) { EXPECT_EQ(what("<?xml version='1.0'?>\n<!-- a -->\n<pfsense>"), "pfsense"); }
TEST(Recognise, ASwanctlConfByItsSections) { EXPECT_EQ(what("# mine\nconnections {\n}\n"), "swanctl"); }
TEST(Recognise, ASwanctlConfOfSecretsAlone) { EXPECT_EQ(what("secrets { ike-1 { secret = x } }"), "swanctl"); }
TEST(Recognise, ASwanctlConfWithTemplatesFirst) {
  EXPECT_EQ(what("base {\n version = 2\n}\nconnections { a : base { } }"), "swanctl");
}
TEST(Recognise, ASwanctlConfThatOnlyIncludes) { EXPECT_EQ(what("# Debian's\ninclude conf.d/*.conf\n"), "swanctl"); }
TEST(Recognise, PassesOverAByteOrderMark) { EXPECT_EQ(what("\xef\xbb\xbf<pfsense/>"), "pfsense"); }
TEST(Recognise, AnEncryptedBackup) { EXPECT_EQ(what("---- BEGIN config.xml ----\nU2FsdGVk\n"), "is an encrypted backup"); }
TEST(Recognise, WhatIsCompressed) {
  EXPECT_EQ(what("\x1f\x8b\x08"), "is compressed with gzip");
  EXPECT_EQ(what(std::string_view("\xfd\x37zXZ\0\0", 7)), "is compressed with xz");
  EXPECT_EQ(what("PK\x03\x04"), "is a zip archive");
}
TEST(Recognise, Utf16OfEitherOrderWithAMarkOrWithout) {
  EXPECT_EQ(what(std::string_view("\xff\xfe<\0", 4)), "is text in UTF-16");
  EXPECT_EQ(what(std::string_view("\xfe\xff\0<", 4)), "is text in UTF-16");
  EXPECT_EQ(what(std::string_view("<\0?\0", 4)), "is text in UTF-16");
}
TEST(Recognise, AnIpsecConf) { EXPECT_EQ(what("version 2.0\nconfig setup\n\nconn hq\n    left=%any\n"), "ipsec"); }
TEST(Recognise, AnIpsecSecrets) { EXPECT_EQ(what("192.0.2.1 198.51.100.1 : PSK \"x\"\n"), "is an ipsec.secrets"); }
TEST(Recognise, AStrongswanConf) {
  const std::string_view is = "is a strongswan.conf: it says how charon works, and holds no connections";
  EXPECT_EQ(what("charon {\n load_modular = yes\n}\ninclude strongswan.d/*.conf\n"), is);
  EXPECT_EQ(what("include strongswan.d/*.conf\n"), is);
}
TEST(Recognise, AnOpnsenseConfigurationByItsRoot) { EXPECT_EQ(what("<?xml version='1.0'?><opnsense/>"), "opnsense"); }
TEST(Recognise, VyosAsAFileAndAsCommands) {
  EXPECT_EQ(what("interfaces {\n ethernet eth0 {\n }\n}\nvpn {\n ipsec {\n }\n}\n"), "vyos");
  EXPECT_EQ(what("set vpn ipsec esp-group x\n"), "vyos");
}
TEST(Recognise, SaysHowToImportWhatWasTakenForAnother) {
  const auto imported = import_pfsense("<opnsense/>", "config.xml", {});
  EXPECT_EQ(imported.error().text, "config.xml is an OPNsense config.xml");
  EXPECT_EQ(imported.error().remedy, "vtictl import opnsense FILE");
}
TEST(Recognise, WhatIsSomethingElse) {
  EXPECT_EQ(what(""), "is empty");
  EXPECT_EQ(what(" \n\t\n"), "is empty");
  EXPECT_EQ(what("{ \"tunnels\": {} }"), "is JSON, perhaps a vtid.json already");
  EXPECT_EQ(what("<html>"), "is a web page");
  EXPECT_EQ(what("nothing of the kind"), "is nothing that can be imported");
}
TEST(Recognise, HasARemedyForAllThatIsNot) {
  for (const std::string_view text : {"", "PK\x03\x04", "a b : PSK \"x\"\n", "charon { }", "<html>", "{", "x"})
    EXPECT_FALSE(recognise(text).error().remedy.empty()) << text;
}

// A file that was cut off somewhere, if it is still told from what it was.
TEST(Recognise, WhatIsCutOffSaysSoWhereverThatIs) {
  const std::string whole =
      "<?xml version=\"1.0\"?>\n<!-- a comment -->\n<pfsense><a b=\"c\">text</a>\n<c><![CDATA[ x ]]></c><d/></pfsense>";
  for (std::size_t size = whole.find("<pfsense>") + 9; size < whole.size(); ++size) {
    const auto imported = import_pfsense(whole.substr(0, size), "config.xml", {"secrets"});
    ASSERT_FALSE(imported.has_value()) << size;
    EXPECT_TRUE(imported.error().remedy.ends_with("it is cut off")) << size << imported.error().text;
  }
}

TEST(Recognise, SaysHowItIsEncryptedOrPacked) {
  EXPECT_EQ(what("U2FsdGVkX1+abc\n"), "is encrypted by openssl");
  EXPECT_EQ(what("-----BEGIN PGP MESSAGE-----\n"), "is encrypted by OpenPGP");
  EXPECT_EQ(what("config.xml" + std::string(247, '\0') + "ustar"), "is a tar archive");
}
TEST(Recognise, TellsUtf16FromBytesThatAreNoText) {
  std::string wide;
  for (const char c : std::string("connections {\n}\n")) wide += std::string(1, c) + '\0';
  EXPECT_EQ(what(wide), "is text in UTF-16");
  EXPECT_EQ(what(std::string("\x01\x02\0\x03\x04\x05\x06\x07\x08\x09 and so on", 20)), "holds NUL bytes, so it is no text");
}
TEST(Recognise, AFileThatEndsWithinALineIsSuspected) {
  const auto imported = import_vyos("set vpn ipsec interface 'eth0'\nset vpn ipsec esp-gr", "config", {});
  ASSERT_TRUE(imported.has_value());
  EXPECT_TRUE(std::ranges::any_of(imported->notes, [](const Note& note) {
    return note.line == 2 && note.text == "the last line does not end, so the file may be cut off";
  }));
}

}  // namespace
}  // namespace vtid::foreign
