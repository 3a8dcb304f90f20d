using System.Runtime.InteropServices;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>The kernel's verdict on a request: errno, 0 for success, and its own words.</summary>
internal readonly record struct Answer(int Errno, string? KernelMessage)
{
    /// <summary>NLMSG_ERROR: struct nlmsgerr, then the request (its header alone with NLM_F_CAPPED), then attributes with NLM_F_ACK_TLVS.</summary>
    internal static Answer OfError(Message message)
    {
        if (!message.TryRead<NlMsgErr>(out var body, out _))
            return new(Kernel.Errno.EINVAL, "the answer is too short");
        var echoed = (message.Header.nlmsg_flags & NLM_F_CAPPED) != 0 ? NLMSG_HDRLEN : (int)Math.Min(body.msg.nlmsg_len, (uint)message.Payload.Length);
        return new(-body.error, Text(message, sizeof(int) + Align(echoed)));
    }

    /// <summary>NLMSG_DONE: an int that is negative when the dump failed, then attributes with NLM_F_ACK_TLVS.</summary>
    internal static Answer OfDone(Message message)
    {
        var error = message.Payload.Length < sizeof(int) ? 0 : MemoryMarshal.Read<int>(message.Payload);
        return error >= 0 ? default : new(-error, Text(message, sizeof(int)));
    }

    private static string? Text(Message message, int offset)
    {
        if ((message.Header.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || offset > message.Payload.Length)
            return null;
        var attributes = new AttributeReader(message.Payload[offset..]);
        while (attributes.TryRead(out var type, out var value))
        {
            if (type == NLMSGERR_ATTR_MSG)
                return AttributeValue.Text(value);
        }
        return null;
    }
}
