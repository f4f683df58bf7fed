#include "reconcile/mtu.h"

#include <gtest/gtest.h>

namespace vtid::reconcile {
namespace {

constexpr OuterPath kEthernet4{1500, net::Family::ipv4, false};

TEST(Mtu, OfAesGcmOverIpv4) { EXPECT_EQ(tunnel_mtu(kEthernet4, esp_shape("aes256gcm16-ecp384")).value, 1446U); }
TEST(Mtu, OfAesGcmOverIpv6) { EXPECT_EQ(tunnel_mtu({1500, net::Family::ipv6, false}, {8, 16, 4}).value, 1426U); }
TEST(Mtu, OfAesCbcWithSha256) { EXPECT_EQ(tunnel_mtu(kEthernet4, esp_shape("aes128-sha256-modp2048")).value, 1438U); }
TEST(Mtu, OfAesCbcWithSha256BehindNat) {
  EXPECT_EQ(tunnel_mtu({1500, net::Family::ipv4, true}, esp_shape("aes128-sha256-modp2048")).value, 1422U);
}
TEST(Mtu, IsNeverBelowIpv6sMinimum) { EXPECT_EQ(tunnel_mtu({576, net::Family::ipv4, true}, {}).value, 1280U); }
TEST(Mtu, ShowsItsArithmetic) {
  EXPECT_EQ(tunnel_mtu(kEthernet4, {8, 16, 4}).arithmetic,
            "1500 - 20 (IPv4) - 8 (ESP) - 8 (IV) - 16 (ICV) = 1448, whole blocks of 4: 1448, - 2 (trailer) = 1446");
}

TEST(EspShape, OfCharonsWords) {
  EXPECT_EQ(esp_shape(model::Algorithms{"AES_CBC", 256, "HMAC_SHA2_512_256", ""}), (EspShape{16, 32, 16}));
}
TEST(EspShape, OfChacha) { EXPECT_EQ(esp_shape("chacha20poly1305-x25519"), (EspShape{8, 16, 4})); }
TEST(EspShape, Of3des) { EXPECT_EQ(esp_shape("3des-sha1-modp1024"), (EspShape{8, 12, 8})); }
TEST(EspShape, OfAnAeadIgnoresItsPrf) { EXPECT_EQ(esp_shape("aes128gcm16-sha512-modp2048"), (EspShape{8, 16, 4})); }
TEST(EspShape, OfWhatIsUnknownIsTheLargest) {
  EXPECT_EQ(esp_shape("quantum9000"), (EspShape{16, 32, 16}));
  EXPECT_EQ(esp_shape(model::Algorithms{}), (EspShape{16, 32, 16}));
}

}  // namespace
}  // namespace vtid::reconcile
