using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>linux/netfilter/nfnetlink.h and nf_tables.h: what is in use of them. Numbers inside attributes are in network byte order.</summary>
internal static class NfTablesH
{
    internal const int NFNLGRP_NFTABLES = 7;
    internal const ushort NFNL_SUBSYS_NFTABLES = 10, NFNL_MSG_BATCH_BEGIN = 0x10, NFNL_MSG_BATCH_END = 0x11;
    internal const ushort NFT_MSG_NEWTABLE = 0, NFT_MSG_DELTABLE = 2, NFT_MSG_NEWCHAIN = 3, NFT_MSG_DELCHAIN = 5, NFT_MSG_NEWRULE = 6, NFT_MSG_DELRULE = 8;
    internal const ushort NFT_MSG_NEWSET = 9, NFT_MSG_NEWSETELEM = 12, NFT_MSG_DELSETELEM = 14, NFT_MSG_NEWGEN = 15, NFT_MSG_GETGEN = 16;
    internal const ushort NFTA_TABLE_NAME = 1, NFTA_CHAIN_TABLE = 1, NFTA_CHAIN_NAME = 3, NFTA_RULE_TABLE = 1, NFTA_RULE_CHAIN = 2, NFTA_SET_TABLE = 1;
    internal const ushort NFTA_SET_ELEM_LIST_TABLE = 1, NFTA_SET_ELEM_LIST_SET = 2, NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    internal const ushort NFTA_LIST_ELEM = 1, NFTA_SET_ELEM_KEY = 1, NFTA_DATA_VALUE = 1, NFTA_GEN_ID = 1;

    /// <summary>A message's type as it stands in the header: the subsystem, then the message.</summary>
    internal static ushort Type(ushort message) => (ushort)(NFNL_SUBSYS_NFTABLES << 8 | message);
}

/// <summary>struct nfgenmsg. res_id is in network byte order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NfGenMsg
{
    public byte nfgen_family;
    public byte version;
    public ushort res_id;
}
