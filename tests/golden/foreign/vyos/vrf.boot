interfaces {
    ethernet eth0 {
        address "192.0.2.1/24"
    }
    vti vti0 {
        address "10.6.1.1/30"
        vrf "red"
    }
    vti vti1 {
        address "10.6.1.1/30"
        vrf "blue"
    }
}
vpn {
    ipsec {
        esp-group ESP {
            lifetime "1800"
            pfs "dh-group14"
            proposal 1 {
                encryption "aes256"
                hash "sha256"
            }
        }
        ike-group IKE {
            key-exchange "ikev2"
            lifetime "14400"
            proposal 1 {
                dh-group "14"
                encryption "aes256"
                hash "sha256"
            }
        }
        authentication {
            psk RED {
                id "198.51.100.1"
                id "192.0.2.1"
                secret "one key"
            }
            psk BLUE {
                id "198.51.100.2"
                id "192.0.2.1"
                secret "another key"
            }
        }
        site-to-site {
            peer RED {
                authentication {
                    local-id "192.0.2.1"
                    mode "pre-shared-secret"
                    remote-id "198.51.100.1"
                }
                ike-group "IKE"
                local-address "192.0.2.1"
                remote-address "198.51.100.1"
                vti {
                    bind "vti0"
                    esp-group "ESP"
                }
            }
            peer BLUE {
                authentication {
                    local-id "192.0.2.1"
                    mode "pre-shared-secret"
                    remote-id "198.51.100.2"
                }
                ike-group "IKE"
                local-address "192.0.2.1"
                remote-address "198.51.100.2"
                vti {
                    bind "vti1"
                    esp-group "ESP"
                }
            }
        }
    }
}
protocols {
    static {
        route 0.0.0.0/0 {
            next-hop 192.0.2.254 {
            }
        }
    }
}
vrf {
    name blue {
        protocols {
            static {
                route 10.20.0.0/16 {
                    next-hop 10.6.1.2 {
                    }
                }
            }
        }
        table "1002"
    }
    name red {
        protocols {
            static {
                route 10.20.0.0/16 {
                    interface vti0 {
                    }
                }
                route 10.30.0.0/16 {
                    next-hop 10.6.1.2 {
                    }
                }
            }
        }
        table "1001"
    }
}
