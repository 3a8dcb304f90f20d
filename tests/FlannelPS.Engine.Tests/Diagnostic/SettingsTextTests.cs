using FlannelPS.Diagnostics;

namespace FlannelPS.Engine.Tests.Diagnostic;

public sealed class SettingsTextTests
{
    [Fact]
    public void F84_of_variables_those_of_flannel_are_shown_and_no_password_comment_or_stranger()
        => Assert.Equal(
            """
            FLANNELD_ETCD_ENDPOINTS="http://192.0.2.10:2379"
            FLANNELD_ETCD_PASSWORD=<not shown>
            FLANNELPS_FLAGS=--iface=eth0
            AWS_ACCESS=<not shown>
            <not shown>
            FLANNELD_IFACE=eth0  x

            """,
            SettingsText.OfEnvironment("# FLANNELD_ETCD_PASSWORD=canary\nFLANNELD_ETCD_ENDPOINTS=\"http://192.0.2.10:2379\"\n\nFLANNELD_ETCD_PASSWORD=canary\nFLANNELPS_FLAGS=--iface=eth0\n;canary\nAWS_ACCESS=canary\ncanary words\nFLANNELD_IFACE=eth0 \\\n x\n"));

    [Fact]
    public void F84_of_a_unit_what_is_known_is_shown_and_all_else_by_its_name()
    {
        var shown = SettingsText.OfUnit(
            """
            # canary
            [Service]
            ExecStart=/usr/local/bin/flannelpsd --name=%i
            Environment="FLANNELD_ETCD_PASSWORD=canary one" FLANNELD_V=1 OTHER=canary \
              ALSO=canary
            SetCredential=etcd:canary
            LoadCredential=etcd:/etc/canary
            PassEnvironment=X
            SomethingNew=canary
            canary
            Restart=on-failure
            """);
        Assert.Equal(
            """
            [Service]
            ExecStart=/usr/local/bin/flannelpsd --name=%i
            Environment=FLANNELD_ETCD_PASSWORD=<not shown> FLANNELD_V=1 OTHER=<not shown> ALSO=<not shown>
            SetCredential=<not shown>
            LoadCredential=<not shown>
            PassEnvironment=<not shown>
            SomethingNew=<not shown>
            <not shown>
            Restart=on-failure

            """, shown);
    }
}
