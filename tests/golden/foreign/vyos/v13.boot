interfaces {
    ethernet eth0 {
        address 192.0.2.1/24
    }
    vti vti0 {
        address 10.6.1.1/30
    }
}
protocols {
    static {
        interface-route 10.20.0.0/16 {
            next-hop-interface vti0 {
            }
        }
    }
}
vpn {
    ipsec {
        esp-group ESP {
            compression disable
            lifetime 1800
            mode tunnel
            pfs dh-group14
            proposal 1 {
                encryption aes256
                hash sha256
            }
        }
        ike-group IKE {
            ikev2-reauth no
            key-exchange ikev2
            lifetime 14400
            mobike disable
            proposal 1 {
                dh-group 14
                encryption aes256
                hash sha256
            }
        }
        ipsec-interfaces {
            interface eth0
        }
        site-to-site {
            peer 198.51.100.1 {
                authentication {
                    id 192.0.2.1
                    mode pre-shared-secret
                    pre-shared-secret "a key, with a blank"
                    remote-id 198.51.100.1
                }
                connection-type respond
                ike-group IKE
                local-address 192.0.2.1
                vti {
                    bind vti0
                    esp-group ESP
                }
            }
            peer @roaming {
                authentication {
                    mode rsa
                }
                ike-group IKE
                local-address any
                vti {
                    bind vti1
                    esp-group ESP
                }
            }
        }
    }
}
/* Warning: Do not remove the following line. */
/* === vyatta-config-version: "ipsec@5" === */
/* Release version: 1.3.2 */
