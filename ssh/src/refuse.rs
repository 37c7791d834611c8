/// Refuses, inside an `impl Handler`, every channel that a server opens to its client: it
/// has no business doing so. russh would accept them; a reply that is dropped refuses.
#[macro_export]
macro_rules! refuse_server_channels {
    ($fault:ty) => {
        $crate::refuse_server_channels!(@one $fault, server_channel_open_session);
        $crate::refuse_server_channels!(@one $fault, server_channel_open_direct_tcpip, &str, u32, &str, u32);
        $crate::refuse_server_channels!(@one $fault, server_channel_open_direct_streamlocal, &str);
        $crate::refuse_server_channels!(@one $fault, server_channel_open_forwarded_tcpip, &str, u32, &str, u32);
        $crate::refuse_server_channels!(@one $fault, server_channel_open_forwarded_streamlocal, &str);
        $crate::refuse_server_channels!(@one $fault, server_channel_open_agent_forward);
        $crate::refuse_server_channels!(@one $fault, server_channel_open_x11, &str, u32);
    };
    (@one $fault:ty, $name:ident $(, $argument:ty)*) => {
        async fn $name(
            &mut self,
            _: $crate::russh::Channel<$crate::russh::client::Msg>,
            $(_: $argument,)*
            _refused: $crate::russh::client::ChannelOpenHandle,
            _: &mut $crate::russh::client::Session,
        ) -> Result<(), $fault> {
            Ok(())
        }
    };
}
