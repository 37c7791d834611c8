//! The choices among the fields, by guacd's names.

use fanlight_core::words;

words! {
    /// How the connection is secured.
    Security {
        /// The server chooses.
        Any = "any",
        /// Network Level Authentication, within TLS.
        Nla = "nla",
        /// NLA with early user authorization.
        NlaExt = "nla-ext",
        /// TLS; the login is the desktop's own.
        Tls = "tls",
        /// Hyper-V's: NLA or TLS, as its console wants it.
        Vmconnect = "vmconnect",
        /// RDP's own encryption, which is weak.
        Rdp = "rdp",
    }
}

words! {
    /// How NLA proves who somebody is.
    AuthPackage {
        /// Both sides agree.
        Negotiate = "",
        /// Kerberos tickets.
        Kerberos = "kerberos",
        /// Challenge and response.
        Ntlm = "ntlm",
    }
}

words! {
    /// How the desktop follows the window's size.
    ResizeMethod {
        /// By the display update channel of RDP 8.1.
        DisplayUpdate = "display-update",
        /// By connecting anew.
        Reconnect = "reconnect",
    }
}

words! {
    /// Keyboard layouts that guacd knows.
    ServerLayout {
        /// Characters instead of keys.
        Unicode = "failsafe",
        /// Brazilian Portuguese.
        PortugueseBrazil = "pt-br-qwerty",
        /// Danish.
        Danish = "da-dk-qwerty",
        /// British English.
        EnglishBritain = "en-gb-qwerty",
        /// US English.
        EnglishUs = "en-us-qwerty",
        /// French.
        French = "fr-fr-azerty",
        /// Belgian French.
        FrenchBelgium = "fr-be-azerty",
        /// Swiss French.
        FrenchSwitzerland = "fr-ch-qwertz",
        /// German.
        German = "de-de-qwertz",
        /// Swiss German.
        GermanSwitzerland = "de-ch-qwertz",
        /// Hungarian.
        Hungarian = "hu-hu-qwertz",
        /// Italian.
        Italian = "it-it-qwerty",
        /// Japanese.
        Japanese = "ja-jp-qwerty",
        /// Norwegian.
        Norwegian = "no-no-qwerty",
        /// Spanish.
        Spanish = "es-es-qwerty",
        /// Latin American Spanish.
        SpanishLatinAmerica = "es-latam-qwerty",
        /// Swedish.
        Swedish = "sv-se-qwerty",
        /// Turkish Q.
        Turkish = "tr-tr-qwerty",
    }
}
