// Copyright: (c) 2026, winstorage.iscsi contributors
// BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
// SPDX-License-Identifier: BSD-2-Clause

// Runs a batch of iscsidsc.dll calls: a text in, a text out. The twin of runner/executor.py and runner/native.py; the
// batch and its form on the wire are described in runner/wire.py. All meaning stays with the controller: nothing here
// knows a structure.
//
// C# 5 and the base class library that .NET Framework 4.5 and .NET share, so that Windows PowerShell 5.1 and
// PowerShell 7 compile the same file, without a warning, on x64 and on x86.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.IO.Compression;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace ansible_collections.winstorage.iscsi.plugins.module_utils.Iscsidsc
{
    public static class CallRunner
    {
        // Runs the program for the pointer width of this process. Returns the text of the answer.
        // BatchException: the text is no batch, has no program for this pointer width, or leads outside its own blocks.
        // Then no call was made.
        // DllNotFoundException: iscsidsc.dll cannot be loaded.
        public static string Run(string batch)
        {
            Stopwatch clock = Stopwatch.StartNew();  // unpacking takes of the program's time
            byte[] raw = Wire.Unpack(batch);
            try
            {
                WireReader reader = new WireReader(raw);
                List<Program> programs = reader.List(r => new Program(r));
                reader.End();
                Program program = programs.Find(p => p.Pointer == IntPtr.Size);
                if (program == null)
                    throw new BatchException("the batch has no program for pointers of " + IntPtr.Size + " bytes");
                Checks.Check(program);
                using (Execution execution = new Execution(program, clock))
                {
                    execution.Run();
                    return Wire.Pack(execution.Write);
                }
            }
            finally
            {
                Array.Clear(raw, 0, raw.Length);  // it may hold CHAP secrets
            }
        }
    }

    // A batch that cannot be run. The message quotes nothing of the batch, which may hold secrets.
    public class BatchException : Exception
    {
        public BatchException(string message) : base(message) { }
    }

    // What the runner may call in iscsidsc.dll: whatever is declared here, found by name, each argument converted to
    // the type it has here. The types are those of the Microsoft SDK header iscsidsc.h: the CLR then passes a 64-bit
    // argument in two slots on x86, and a BOOLEAN as one byte. Every pointer is an address, and every function returns
    // its status. The declarations between the two marks are written by `make reference` from abi/prototypes.py, which
    // also says what the pointers lead to. A library of that name elsewhere than in System32 is not loaded.
    static class NativeMethods
    {
        private const string Library = "iscsidsc.dll";

        // begin exports
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint GetIScsiVersionInformation(IntPtr VersionInfo);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint GetIScsiTargetInformationW(
            IntPtr TargetName, IntPtr DiscoveryMechanism, uint InfoClass, IntPtr BufferSize, IntPtr Buffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint AddIScsiConnectionW(
            IntPtr UniqueSessionId, IntPtr Reserved, uint InitiatorPortNumber, IntPtr TargetPortal, ulong SecurityFlags,
            IntPtr LoginOptions, uint KeySize, IntPtr Key, IntPtr UniqueConnectionId);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RemoveIScsiConnection(IntPtr UniqueSessionId, IntPtr ConnectionId);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportIScsiTargetsW(byte ForceUpdate, IntPtr BufferSize, IntPtr Buffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint AddIScsiStaticTargetW(
            IntPtr TargetName, IntPtr TargetAlias, uint TargetFlags, byte Persist, IntPtr Mappings, IntPtr LoginOptions,
            IntPtr PortalGroup);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RemoveIScsiStaticTargetW(IntPtr TargetName);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint AddIScsiSendTargetPortalW(
            IntPtr InitiatorInstance, uint InitiatorPortNumber, IntPtr LoginOptions, ulong SecurityFlags,
            IntPtr Portal);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RemoveIScsiSendTargetPortalW(
            IntPtr InitiatorInstance, uint InitiatorPortNumber, IntPtr Portal);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RefreshIScsiSendTargetPortalW(
            IntPtr InitiatorInstance, uint InitiatorPortNumber, IntPtr Portal);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportIScsiSendTargetPortalsW(IntPtr PortalCount, IntPtr PortalInfo);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportIScsiSendTargetPortalsExW(
            IntPtr PortalCount, IntPtr PortalInfoSize, IntPtr PortalInfo);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint LoginIScsiTargetW(
            IntPtr TargetName, byte IsInformationalSession, IntPtr InitiatorInstance, uint InitiatorPortNumber,
            IntPtr TargetPortal, ulong SecurityFlags, IntPtr Mappings, IntPtr LoginOptions, uint KeySize, IntPtr Key,
            byte IsPersistent, IntPtr UniqueSessionId, IntPtr UniqueConnectionId);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportIScsiPersistentLoginsW(
            IntPtr Count, IntPtr PersistentLoginInfo, IntPtr BufferSizeInBytes);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint LogoutIScsiTarget(IntPtr UniqueSessionId);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RemoveIScsiPersistentTargetW(
            IntPtr InitiatorInstance, uint InitiatorPortNumber, IntPtr TargetName, IntPtr Portal);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SendScsiInquiry(
            IntPtr UniqueSessionId, ulong Lun, byte EvpdCmddt, byte PageCode, IntPtr ScsiStatus, IntPtr ResponseSize,
            IntPtr ResponseBuffer, IntPtr SenseSize, IntPtr SenseBuffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SendScsiReadCapacity(
            IntPtr UniqueSessionId, ulong Lun, IntPtr ScsiStatus, IntPtr ResponseSize, IntPtr ResponseBuffer,
            IntPtr SenseSize, IntPtr SenseBuffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SendScsiReportLuns(
            IntPtr UniqueSessionId, IntPtr ScsiStatus, IntPtr ResponseSize, IntPtr ResponseBuffer, IntPtr SenseSize,
            IntPtr SenseBuffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportIScsiInitiatorListW(IntPtr BufferSize, IntPtr Buffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportActiveIScsiTargetMappingsW(
            IntPtr BufferSize, IntPtr MappingCount, IntPtr Mappings);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SetIScsiTunnelModeOuterAddressW(
            IntPtr InitiatorName, uint InitiatorPortNumber, IntPtr DestinationAddress, IntPtr OuterModeAddress,
            byte Persist);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SetIScsiIKEInfoW(
            IntPtr InitiatorName, uint InitiatorPortNumber, IntPtr AuthInfo, byte Persist);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint GetIScsiIKEInfoW(
            IntPtr InitiatorName, uint InitiatorPortNumber, IntPtr Reserved, IntPtr AuthInfo);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SetIScsiGroupPresharedKey(uint KeyLength, IntPtr Key, byte Persist);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SetIScsiInitiatorCHAPSharedSecret(uint SharedSecretLength, IntPtr SharedSecret);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SetIScsiInitiatorRADIUSSharedSecret(uint SharedSecretLength, IntPtr SharedSecret);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SetIScsiInitiatorNodeNameW(IntPtr InitiatorNodeName);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint GetIScsiInitiatorNodeNameW(IntPtr InitiatorNodeName);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint AddISNSServerW(IntPtr Address);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RemoveISNSServerW(IntPtr Address);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RefreshISNSServerW(IntPtr Address);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportISNSServerListW(IntPtr BufferSize, IntPtr Buffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint AddRadiusServerW(IntPtr Address);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RemoveRadiusServerW(IntPtr Address);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportRadiusServerListW(IntPtr BufferSize, IntPtr Buffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint GetIScsiSessionListW(IntPtr BufferSize, IntPtr SessionCount, IntPtr SessionInfo);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint GetIScsiSessionListEx(IntPtr BufferSize, IntPtr SessionCount, IntPtr SessionInfo);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint GetDevicesForIScsiSessionW(
            IntPtr UniqueSessionId, IntPtr DeviceCount, IntPtr Devices);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportIScsiTargetPortalsW(
            IntPtr InitiatorName, IntPtr TargetName, IntPtr TargetPortalTag, IntPtr ElementCount, IntPtr Portals);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint AddPersistentIScsiDeviceW(IntPtr DevicePath);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint RemovePersistentIScsiDeviceW(IntPtr DevicePath);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ReportPersistentIScsiDevicesW(IntPtr BufferSize, IntPtr Buffer);
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint ClearPersistentIScsiDevices();
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SetupPersistentIScsiDevices();
        [DllImport(Library, ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern uint SetupPersistentIScsiVolumes();
        // end exports
    }

    // -- the batch ---------------------------------------------------------------------------------------------------
    // One class for each of wire.py; a constructor reads the fields in their order on the wire.

    sealed class Growth
    {
        public readonly byte SizeBlock;
        public readonly uint SizeOffset, Unit;
        public Growth(WireReader wire) { SizeBlock = wire.Byte(); SizeOffset = wire.UInt32(); Unit = wire.UInt32(); }
    }

    sealed class Relocation
    {
        public readonly uint At, To;
        public Relocation(WireReader wire) { At = wire.UInt32(); To = wire.UInt32(); }
    }

    sealed class Block
    {
        public readonly uint Size;
        public readonly ArraySegment<byte> Data;
        public readonly bool Back;
        public readonly Growth Growth;
        public readonly List<Relocation> Relocations;

        public Block(WireReader wire)
        {
            Size = wire.UInt32();
            Data = wire.Bytes();
            Back = wire.Byte() != 0;
            Growth = wire.Optional(r => new Growth(r));
            Relocations = wire.List(r => new Relocation(r));
        }
    }

    enum ArgumentKind : byte { Integer, Address, Item, Load }

    sealed class Argument
    {
        public readonly ArgumentKind Kind;
        public readonly ulong Value;
        public readonly byte Index, Width;  // Index of a block, or of a level of items
        public readonly uint Offset;

        public Argument(WireReader wire)
        {
            Kind = (ArgumentKind)wire.Kind(4);
            if (Kind == ArgumentKind.Integer) { Value = wire.UInt64(); return; }
            Index = wire.Byte();
            Offset = wire.UInt32();
            if (Kind == ArgumentKind.Load) { Width = wire.Byte(); }
        }
    }

    enum LevelKind : byte { Array, Strings, Inner }

    sealed class Level
    {
        public readonly LevelKind Kind;
        public readonly byte Block, CountBlock;
        public readonly uint PointerOffset, CountOffset, Stride;

        public Level(WireReader wire)
        {
            Kind = (LevelKind)wire.Kind(3);
            if (Kind == LevelKind.Inner)
            {
                PointerOffset = wire.UInt32(); CountOffset = wire.UInt32(); Stride = wire.UInt32();
                return;
            }
            Block = wire.Byte();
            if (Kind == LevelKind.Array)
            {
                Stride = wire.UInt32(); CountBlock = wire.Byte(); CountOffset = wire.UInt32();
            }
        }
    }

    sealed class Each
    {
        public readonly ushort Call;
        public readonly List<Level> Levels;
        public Each(WireReader wire) { Call = wire.UInt16(); Levels = wire.List(r => new Level(r)); }
    }

    sealed class Pattern
    {
        public readonly uint Offset;
        public readonly ArraySegment<byte> Data;
        public readonly bool Fold;
        public Pattern(WireReader wire) { Offset = wire.UInt32(); Data = wire.Bytes(); Fold = wire.Byte() != 0; }
    }

    sealed class Condition
    {
        public readonly ushort Call;  // without Each: whether this call has succeeded must be as expected
        public readonly bool Expected = true;
        public readonly Each Each;
        public readonly List<Pattern> Patterns;
        public readonly uint Least, Most;

        public Condition(WireReader wire)
        {
            if (wire.Kind(2) == 0) { Call = wire.UInt16(); Expected = wire.Byte() != 0; return; }
            Each = new Each(wire);
            Patterns = wire.List(r => new Pattern(r));
            Least = wire.UInt32();
            Most = wire.UInt32();
        }
    }

    sealed class Retry
    {
        public readonly byte Times;
        public readonly uint Delay;
        public readonly List<uint> Statuses;

        public Retry(WireReader wire)
        {
            Times = wire.Byte();
            Delay = wire.UInt32();
            Statuses = wire.List(r => r.UInt32());
        }

        public bool Wants(Run run)
        {
            return Statuses.Count > 0 ? Statuses.Contains(run.Status) : run.Failed;
        }
    }

    sealed class Call
    {
        public readonly string Export;
        public readonly List<Argument> Arguments;
        public readonly List<Block> Blocks;
        public readonly Each Each;
        public readonly List<Condition> When;
        public readonly bool Vital;
        public readonly uint Limit;
        public readonly Retry Retry;

        public Call(WireReader wire)
        {
            Export = wire.Text();
            Arguments = wire.List(r => new Argument(r));
            Blocks = wire.List(r => new Block(r));
            Each = wire.Optional(r => new Each(r));
            When = wire.List(r => new Condition(r));
            Vital = wire.Byte() != 0;
            Limit = wire.UInt32();
            Retry = wire.Optional(r => new Retry(r));
        }
    }

    sealed class Program
    {
        public readonly byte Pointer;
        public readonly uint Limit;
        public readonly List<Call> Calls;

        public Program(WireReader wire)
        {
            Pointer = wire.Byte();
            Limit = wire.UInt32();
            Calls = wire.List(r => new Call(r));
        }
    }

    // -- checking ----------------------------------------------------------------------------------------------------

    // Refuses a program that leads outside its own blocks, before its first call is made. The rules of checks.py.
    static class Checks
    {
        public const uint BufferCap = 16 << 20;
        private const uint MaxDelay = 3600 * 1000;  // milliseconds between two tries

        public static void Check(Program program)
        {
            List<int> depths = new List<int>();  // levels of items, by call
            foreach (Call call in program.Calls)
            {
                foreach (Block block in call.Blocks)
                    Check(block, call.Blocks, program.Pointer);
                int depth = call.Each == null ? 0 : Depth(call.Each, program, depths);
                foreach (Condition condition in call.When)
                    if (condition.Each == null)
                        Require(condition.Call < depths.Count, "a condition is about a call that is not before it");
                    else
                        Require(Depth(condition.Each, program, depths) > 0,
                                "a condition counts the items of a call that has none");
                foreach (Argument argument in call.Arguments)
                    Check(argument, call.Blocks, depth);
                Require(call.Retry == null || call.Retry.Delay <= MaxDelay, "a try would wait for longer than an hour");
                depths.Add(depth);
            }
        }

        private static void Check(Block block, List<Block> blocks, uint pointer)
        {
            Require(block.Size <= BufferCap, "a block is too large");
            Require((uint)block.Data.Count <= block.Size, "a block is smaller than its data");
            foreach (Relocation relocation in block.Relocations)
                Require((ulong)relocation.At + pointer <= block.Size && relocation.To < block.Size,
                        "a pointer of a block leads outside it");
            if (block.Growth == null)
                return;
            Require(HoldsNumber(blocks, block.Growth.SizeBlock, block.Growth.SizeOffset),
                    "the size of a buffer is not in a block");
            Require(0 < block.Growth.Unit && block.Growth.Unit <= BufferCap, "the size of a buffer has no unit");
        }

        private static void Check(Argument argument, List<Block> blocks, int depth)
        {
            if (argument.Kind == ArgumentKind.Address)
            {
                Require(argument.Index < blocks.Count, "an argument leads to a block that is not there");
                Block block = blocks[argument.Index];
                Require(argument.Offset == 0 || (block.Size > 0 ? argument.Offset < block.Size : block.Growth == null),
                        "an argument leads outside its block");
            }
            if (argument.Kind == ArgumentKind.Item || argument.Kind == ArgumentKind.Load)
                Require(argument.Index < depth, "an argument is of a level of items that is not there");
            if (argument.Kind == ArgumentKind.Load)
                Require(argument.Width == 1 || argument.Width == 2 || argument.Width == 4 || argument.Width == 8,
                        "an argument is a number of a width that does not exist");
        }

        // How many levels of items there are; refuses those that are not.
        private static int Depth(Each each, Program program, List<int> depths)
        {
            Require(each.Call < depths.Count, "it is about the items of a call that is not before it");
            List<Block> blocks = program.Calls[each.Call].Blocks;
            int depth = depths[each.Call];
            foreach (Level level in each.Levels)
            {
                if (level.Kind == LevelKind.Inner)
                    Require(depth > 0, "a list inside of items is not inside of any");
                else
                    Require(level.Block < blocks.Count, "a list is in a block that is not there");
                if (level.Kind == LevelKind.Array)
                    Require((level.CountBlock < blocks.Count && blocks[level.CountBlock].Growth != null)
                            || HoldsNumber(blocks, level.CountBlock, level.CountOffset),
                            "the length of a list is not in a block");
                if (level.Kind != LevelKind.Strings)
                    Require(level.Stride > 0, "the items of a list have no length");
                depth++;
            }
            return depth;
        }

        private static bool HoldsNumber(List<Block> blocks, byte block, uint offset)
        {
            return block < blocks.Count && blocks[block].Growth == null && (ulong)offset + 4 <= blocks[block].Size;
        }

        private static void Require(bool holds, string problem)
        {
            if (!holds)
                throw new BatchException("of a call of the batch: " + problem);
        }
    }

    // -- the wire form -----------------------------------------------------------------------------------------------

    static class Wire
    {
        private const uint MaxBytes = 256 << 20;
        private const string BatchMagic = "WIB1", AnswerMagic = "WIA1";

        public static byte[] Unpack(string text)
        {
            byte[] packed;
            try
            {
                packed = Convert.FromBase64String(text);
            }
            catch (FormatException)
            {
                throw new BatchException("this is not a batch: not base64");
            }
            // gzip ends with the size of what it holds: so there is a single copy, of the right size, to clear later
            uint size = packed.Length < 18 ? 0 : BitConverter.ToUInt32(packed, packed.Length - 4);
            if (size / 1032 > (uint)packed.Length)  // deflate makes nothing smaller than that
                throw new BatchException("this is not a batch: not gzip");
            if (size > MaxBytes)
                throw new BatchException("the batch unpacks to more than " + (MaxBytes >> 20) + " MiB");
            byte[] raw = new byte[size];
            bool inflated = Inflate(packed, raw);
            Array.Clear(packed, 0, packed.Length);
            if (!inflated)
                throw new BatchException("this is not a batch: not gzip");
            if (raw.Length < 4 || Encoding.ASCII.GetString(raw, 0, 4) != BatchMagic)
                throw new BatchException("the batch is of another version");
            return raw;
        }

        private static bool Inflate(byte[] packed, byte[] raw)
        {
            try
            {
                using (GZipStream stream = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress))
                {
                    int filled = 0, read;
                    while ((read = stream.Read(raw, filled, raw.Length - filled)) > 0)
                        filled += read;
                    return filled == raw.Length && stream.ReadByte() < 0;
                }
            }
            catch (InvalidDataException) { return false; }
            catch (IOException) { return false; }
        }

        public static string Pack(Action<BinaryWriter> write)
        {
            MemoryStream packed = new MemoryStream();
            using (BinaryWriter wire = new BinaryWriter(new BufferedStream(
                new GZipStream(packed, CompressionMode.Compress, true), 1 << 16)))
            {
                wire.Write(Encoding.ASCII.GetBytes(AnswerMagic));
                write(wire);
            }
            return Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
        }
    }

    // Reads the integers and lists of a batch; every length is checked against what is left.
    sealed class WireReader
    {
        private readonly byte[] raw;
        private int at = 4;

        public WireReader(byte[] unpacked)
        {
            raw = unpacked;
        }

        public byte Byte() { return raw[Take(1)]; }
        public ushort UInt16() { return BitConverter.ToUInt16(raw, Take(2)); }
        public uint UInt32() { return BitConverter.ToUInt32(raw, Take(4)); }
        public ulong UInt64() { return BitConverter.ToUInt64(raw, Take(8)); }

        public string Text()
        {
            byte length = Byte();
            return Encoding.ASCII.GetString(raw, Take(length), length);
        }

        // A view of the bytes, so that there is no second copy of a secret.
        public ArraySegment<byte> Bytes()
        {
            uint length = UInt32();
            return new ArraySegment<byte>(raw, Take(length), (int)length);
        }

        public List<T> List<T>(Func<WireReader, T> read)
        {
            List<T> found = new List<T>();
            for (int left = UInt16(); left > 0; left--)
                found.Add(read(this));
            return found;
        }

        public T Optional<T>(Func<WireReader, T> read) where T : class
        {
            List<T> found = List(read);
            return found.Count > 0 ? found[0] : null;
        }

        public byte Kind(int kinds)
        {
            byte kind = Byte();
            if (kind >= kinds)
                throw new BatchException("the batch holds an unknown kind at offset " + (at - 1));
            return kind;
        }

        public void End()
        {
            if (at != raw.Length)
                throw new BatchException((raw.Length - at) + " bytes follow the batch");
        }

        private int Take(uint size)
        {
            if (size > raw.Length - at)
                throw new BatchException("the batch ends early at offset " + at);
            int start = at;
            at += (int)size;
            return start;
        }
    }

    // -- running -----------------------------------------------------------------------------------------------------

    enum Outcome : byte { Ran, Skipped, NotReached, NoSuchExport, BadItems, TimedOut, TooManyItems }

    class NoSuchExportException : Exception { }

    // The time limit of the program ended before the call was made.
    class OutOfTimeException : Exception { }

    // The call did not return within its limit. It may still write to its memory, which is therefore never freed.
    class TimedOutException : OutOfTimeException { }

    // The result of an earlier call leads outside its block.
    class BadItemsException : Exception { }

    // The list is longer than a call may repeat over.
    class TooManyItemsException : Exception { }

    // Zeroed memory at a fixed address; cleared before it is freed, which needs no memory. Offsets are checked.
    sealed class Memory
    {
        private static readonly byte[] Zeros = new byte[4096];
        public readonly ulong Address;
        public readonly uint Size;
        public bool Lent;  // to a call that is not known to have come back, and may still write: not to be freed
        private IntPtr pointer;

        public Memory(uint size)
        {
            Size = size;
            if (size == 0)
                return;  // a null pointer
            pointer = Marshal.AllocHGlobal((int)size);
            Clear();
            Address = IntPtr.Size == 4 ? unchecked((uint)pointer.ToInt32()) : unchecked((ulong)pointer.ToInt64());
        }

        public bool Holds(ulong offset, ulong size)
        {
            return offset + size <= Size;  // both are sums of 32-bit numbers
        }

        public byte[] Read(ulong offset, uint size)
        {
            byte[] data = new byte[size];
            if (size > 0)
                Marshal.Copy(At(offset, size), data, 0, (int)size);
            return data;
        }

        public ulong Number(ulong offset, uint width)
        {
            ulong number = 0;
            byte[] data = Read(offset, width);
            for (int index = data.Length - 1; index >= 0; index--)
                number = number << 8 | data[index];
            return number;
        }

        public void Write(ulong offset, ArraySegment<byte> data)
        {
            if (data.Count > 0)
                Marshal.Copy(data.Array, data.Offset, At(offset, (uint)data.Count), data.Count);
        }

        public void WriteNumber(ulong offset, ulong number, int width)
        {
            Write(offset, new ArraySegment<byte>(BitConverter.GetBytes(number), 0, width));
        }

        public void Release()
        {
            if (pointer == IntPtr.Zero || Lent)
                return;
            Clear();
            Marshal.FreeHGlobal(pointer);
            pointer = IntPtr.Zero;
        }

        private void Clear()
        {
            for (long at = 0; at < Size; at += Zeros.Length)
                Marshal.Copy(Zeros, 0, new IntPtr(pointer.ToInt64() + at), (int)Math.Min(Zeros.Length, Size - at));
        }

        private IntPtr At(ulong offset, uint size)
        {
            if (pointer == IntPtr.Zero || !Holds(offset, size))
                throw new BatchException("the batch leads outside its own blocks");
            return new IntPtr(pointer.ToInt64() + (long)offset);
        }
    }

    // One record or text of an earlier run.
    sealed class Item
    {
        public readonly Memory Block;
        public readonly ulong Offset;

        public Item(Memory block, ulong offset)
        {
            Block = block;
            Offset = offset;
        }

        public ulong AddressOf(uint offset)
        {
            if (!Block.Holds(Offset + offset, 1))
                throw new BadItemsException();
            return Block.Address + Offset + offset;
        }

        public ulong Number(uint offset, uint width)
        {
            if (!Block.Holds(Offset + offset, width))
                throw new BadItemsException();
            return Block.Number(Offset + offset, width);
        }

        public bool Matches(Pattern pattern)
        {
            int size = pattern.Data.Count;
            if (!Block.Holds(Offset + pattern.Offset, (uint)size))
                return false;
            byte[] found = Block.Read(Offset + pattern.Offset, (uint)size), wanted = new byte[size];
            Buffer.BlockCopy(pattern.Data.Array, pattern.Data.Offset, wanted, 0, size);
            for (int at = 0; at < size; at++)
                if (Letter(found, at, pattern.Fold) != Letter(wanted, at, pattern.Fold))
                    return false;
            return true;
        }

        // Windows may report IQNs and instance names in another letter case, so A to Z of wide text match a to z.
        private static int Letter(byte[] text, int at, bool fold)
        {
            bool wide = fold && at % 2 == 0 && at + 1 < text.Length && text[at + 1] == 0;
            return wide && text[at] >= 'A' && text[at] <= 'Z' ? text[at] + 0x20 : text[at];
        }
    }

    // The item of each level that a run is for, from the outermost level.
    sealed class Place
    {
        public static readonly Place None = new Place(new uint[0], new Item[0]);
        public readonly uint[] Numbers;
        public readonly Item[] Items;

        private Place(uint[] numbers, Item[] items)
        {
            Numbers = numbers;
            Items = items;
        }

        public Item Last
        {
            get { return Items[Items.Length - 1]; }
        }

        public Place Inside(int number, Item item)
        {
            uint[] numbers = Numbers;
            Item[] items = Items;
            Array.Resize(ref numbers, numbers.Length + 1);
            Array.Resize(ref items, items.Length + 1);
            numbers[numbers.Length - 1] = (uint)number;
            items[items.Length - 1] = item;
            return new Place(numbers, items);
        }
    }

    sealed class Run
    {
        public uint Status, Milliseconds;
        public List<Block> Blocks;
        public Place Place = Place.None;
        public Memory[] Memory = new Memory[0];
        public readonly SortedDictionary<byte, byte[]> Captured = new SortedDictionary<byte, byte[]>();

        // Codes 0xAFFF.... are warnings: the operation went through.
        public bool Failed
        {
            get { return Status != 0 && Status >> 16 != 0xAFFF; }
        }
    }

    sealed class Result
    {
        public Outcome Outcome;
        public readonly List<Run> Runs = new List<Run>();

        public bool Succeeded
        {
            get { return Outcome == Outcome.Ran && Runs.Count > 0 && !Runs[Runs.Count - 1].Failed; }
        }
    }

    // Runs a program. The rules and their reasons are those of executor.py.
    sealed class Execution : IDisposable
    {
        private const uint Slack = 4 << 10;  // lists grow between two calls
        private const int Rounds = 8;
        private const int MaxItems = (1 << 16) - 1;  // of a call, in all its levels: their number has 16 bits
        private const int MaxRuns = 1 << 15;  // of all repeated calls
        private const uint ERROR_INSUFFICIENT_BUFFER = 122, ERROR_NOACCESS = 998, ERROR_TIMEOUT = 1460;

        private readonly Program program;
        private readonly byte[] host = Host.Describe();
        private readonly Stopwatch clock;
        private readonly List<Result> results = new List<Result>();
        private readonly List<Memory> allocated = new List<Memory>();
        private int runsLeft = MaxRuns;
        private bool stopped;  // a vital call failed
        private bool over;  // no time is left, or a call did not return

        public Execution(Program program, Stopwatch clock)
        {
            this.program = program;
            this.clock = clock;
        }

        public void Run()
        {
            foreach (Call call in program.Calls)
                results.Add(Perform(call));
        }

        public void Dispose()
        {
            foreach (Memory memory in allocated)
                memory.Release();
        }

        public void Write(BinaryWriter wire)
        {
            wire.Write(host);
            wire.Write((ushort)results.Count);
            foreach (Result result in results)
            {
                wire.Write((byte)result.Outcome);
                wire.Write((ushort)result.Runs.Count);
                foreach (Run run in result.Runs)
                    Write(wire, run);
            }
        }

        private static void Write(BinaryWriter wire, Run run)
        {
            wire.Write(run.Status);
            wire.Write(run.Milliseconds);
            wire.Write((ushort)run.Place.Numbers.Length);
            foreach (uint number in run.Place.Numbers)
                wire.Write(number);
            wire.Write((ushort)run.Captured.Count);
            foreach (KeyValuePair<byte, byte[]> captured in run.Captured)
            {
                wire.Write(captured.Key);
                wire.Write(run.Memory[captured.Key].Address);
                wire.Write((uint)captured.Value.Length);
                wire.Write(captured.Value);
            }
        }

        private Result Perform(Call call)
        {
            Result result = new Result();
            if (over || (stopped && call.When.TrueForAll(condition => condition.Expected)))
            {
                result.Outcome = Outcome.NotReached;
                return result;
            }
            try
            {
                if (!call.When.TrueForAll(Holds))
                {
                    result.Outcome = Outcome.Skipped;
                    return result;
                }
                List<Place> places = call.Each == null ? new List<Place> { Place.None } : Repetitions(call.Each);
                foreach (Place place in places)
                    result.Runs.Add(RunOnce(call, place));
            }
            catch (BadItemsException)
            {
                result.Outcome = Outcome.BadItems;
            }
            catch (TooManyItemsException)
            {
                result.Outcome = Outcome.TooManyItems;
            }
            catch (NoSuchExportException)
            {
                result.Outcome = Outcome.NoSuchExport;
            }
            catch (OutOfTimeException)
            {
                result.Runs.Add(new Run { Status = ERROR_TIMEOUT });
                result.Outcome = Outcome.TimedOut;
                over = true;
            }
            if (call.Vital && (result.Outcome != Outcome.Ran || result.Runs.Exists(run => run.Failed)))
                stopped = true;
            return result;
        }

        // -- a run --

        private Run RunOnce(Call call, Place place)
        {
            long started = clock.ElapsedMilliseconds;
            Run run = new Run { Blocks = call.Blocks, Place = place };
            for (int attempt = 0; ; attempt++)
            {
                run.Memory = call.Blocks.ConvertAll(block => Fresh(block)).ToArray();
                run.Status = Sized(call, run);
                Retry retry = call.Retry;
                if (retry == null || !retry.Wants(run) || attempt == retry.Times || OutOfTime(retry.Delay))
                    break;
                Thread.Sleep((int)retry.Delay);
                foreach (Memory memory in run.Memory)
                    memory.Release();
            }
            for (int index = 0; index < call.Blocks.Count; index++)
                if (call.Blocks[index].Back && run.Memory[index].Size > 0)
                    run.Captured[(byte)index] = run.Memory[index].Read(0, run.Memory[index].Size);
            run.Milliseconds = (uint)(clock.ElapsedMilliseconds - started);
            return run;
        }

        private Memory Allocate(uint size)
        {
            Memory memory = new Memory(size);
            allocated.Add(memory);
            return memory;
        }

        private Memory Fresh(Block block)
        {
            Memory memory = Allocate(block.Size);
            memory.Write(0, block.Data);
            foreach (Relocation relocation in block.Relocations)
                memory.WriteNumber(relocation.At, memory.Address + relocation.To, IntPtr.Size);
            return memory;
        }

        // Makes the call. If a buffer is too small, enlarges it to what the call asks for and makes the call again.
        private uint Sized(Call call, Run run)
        {
            int growing = call.Blocks.FindIndex(block => block.Growth != null);
            bool exact = false;
            uint status = 0;
            for (int round = 0; round < Rounds; round++)
            {
                status = Invoke(call, run);
                if (growing < 0)
                    return status;
                Growth growth = call.Blocks[growing].Growth;
                Memory sizes = run.Memory[growth.SizeBlock];
                ulong needed = sizes.Number(growth.SizeOffset, 4) * growth.Unit;
                uint current = run.Memory[growing].Size;
                if (status == ERROR_NOACCESS && current > 0)
                    exact = true;  // some versions refuse a buffer larger than they need
                else if (status != ERROR_INSUFFICIENT_BUFFER && (current > 0 || needed == 0))
                    return status;
                ulong size = NextSize(needed, current, growth.Unit, exact);
                if (size > Checks.BufferCap)
                    return ERROR_INSUFFICIENT_BUFFER;
                run.Memory[growing].Release();
                run.Memory[growing] = Allocate((uint)size);
                sizes.WriteNumber(growth.SizeOffset, size / growth.Unit, 4);
            }
            return status;
        }

        private static ulong NextSize(ulong needed, uint current, uint unit, bool exact)
        {
            if (exact && needed > 0)
                return needed;
            // While a list changes, a call can fail with 122 and ask for 0 bytes. Then the current size is enlarged.
            ulong size = Math.Max(needed, needed <= current ? 2 * (ulong)current : 0) + Slack;
            return (size + unit - 1) / unit * unit;
        }

        private uint Invoke(Call call, Run run)
        {
            ulong[] values = call.Arguments.ConvertAll(argument => Value(argument, run)).ToArray();
            if (OutOfTime(0))
                throw new OutOfTimeException();
            long limit = call.Limit > 0 ? call.Limit : long.MaxValue;
            if (program.Limit > 0)
                limit = Math.Min(limit, Math.Max(1, program.Limit - clock.ElapsedMilliseconds));
            bool inUse = false;
            try
            {
                return Exports.Call(call.Export, values, limit, ref inUse);
            }
            finally  // also where the thread that waits is interrupted or ended
            {
                if (inUse)
                {
                    foreach (Memory memory in run.Memory)
                        memory.Lent = true;
                    foreach (Item item in run.Place.Items)
                        item.Block.Lent = true;
                }
            }
        }

        private static ulong Value(Argument argument, Run run)
        {
            switch (argument.Kind)
            {
                case ArgumentKind.Integer:
                    return argument.Value;
                case ArgumentKind.Address:
                    Memory block = run.Memory[argument.Index];
                    return block.Size == 0 ? 0 : block.Address + argument.Offset;
                case ArgumentKind.Item:
                    return run.Place.Items[argument.Index].AddressOf(argument.Offset);
                default:
                    return run.Place.Items[argument.Index].Number(argument.Offset, argument.Width);
            }
        }

        private bool OutOfTime(uint wait)
        {
            return program.Limit > 0 && clock.ElapsedMilliseconds + wait >= program.Limit;
        }

        // -- items --

        // What a call is to be made for; each is a run of those that the program may have.
        private List<Place> Repetitions(Each each)
        {
            List<Place> places = Items(each);
            if (places.Count > runsLeft)
                throw new TooManyItemsException();
            runsLeft -= places.Count;
            return places;
        }

        private List<Place> Items(Each each)
        {
            List<Place> found = new List<Place>();
            Result earlier = results[each.Call];
            if (earlier.Outcome != Outcome.Ran)
                return found;
            foreach (Run run in earlier.Runs)
            {
                if (run.Failed)
                    continue;
                List<Place> inside = new List<Place> { run.Place };
                foreach (Level level in each.Levels)
                    inside = Inside(level, run, inside, MaxItems - found.Count);
                found.AddRange(inside);
            }
            return found;
        }

        // The items that a level has inside of those of the level around it.
        private List<Place> Inside(Level level, Run run, List<Place> outer, int most)
        {
            List<Place> found = new List<Place>();
            foreach (Place place in outer)
            {
                if (OutOfTime(0))
                    throw new OutOfTimeException();
                List<Item> items = ItemsOf(level, run, place, most - found.Count);
                for (int number = 0; number < items.Count; number++)
                    found.Add(place.Inside(number, items[number]));
            }
            return found;
        }

        private static List<Item> ItemsOf(Level level, Run run, Place place, int most)
        {
            if (level.Kind == LevelKind.Strings)
                return Strings(run.Memory[level.Block], Used(run, level.Block), most);
            if (level.Kind == LevelKind.Array)
                return Records(run.Memory[level.Block], 0, level.Stride,
                               new Item(run.Memory[level.CountBlock], 0).Number(level.CountOffset, 4), most);
            Memory block = place.Last.Block;
            ulong count = place.Last.Number(level.CountOffset, 4);
            ulong pointer = place.Last.Number(level.PointerOffset, (uint)IntPtr.Size);
            if (count > 0 && (pointer < block.Address || pointer - block.Address > block.Size))
                throw new BadItemsException();
            return Records(block, pointer - block.Address, level.Stride, count, most);
        }

        // The bytes of a block that hold something: of a buffer, as many as the call says that it has.
        private static uint Used(Run run, byte index)
        {
            Growth growth = run.Blocks[index].Growth;
            uint size = run.Memory[index].Size;
            if (growth == null)
                return size;
            return (uint)Math.Min(size, run.Memory[growth.SizeBlock].Number(growth.SizeOffset, 4) * growth.Unit);
        }

        private static List<Item> Records(Memory block, ulong start, uint stride, ulong count, int most)
        {
            List<Item> found = new List<Item>();
            if (count > 0 && !block.Holds(start, count * stride))
                throw new BadItemsException();
            if (count > (ulong)most)
                throw new TooManyItemsException();
            for (ulong index = 0; index < count; index++)
                found.Add(new Item(block, start + index * stride));
            return found;
        }

        private static List<Item> Strings(Memory block, uint used, int most)
        {
            List<Item> found = new List<Item>();
            byte[] raw = block.Read(0, used);
            int at = 0;
            while (at + 2 <= raw.Length && !Ends(raw, at))
            {
                int start = at;
                for (; !Ends(raw, at); at += 2)
                    if (at + 4 > raw.Length)
                        throw new BadItemsException();
                if (found.Count == most)
                    throw new TooManyItemsException();
                found.Add(new Item(block, (ulong)start));
                at += 2;
            }
            return found;
        }

        private static bool Ends(byte[] raw, int at)
        {
            return raw[at] == 0 && raw[at + 1] == 0;
        }

        // -- conditions --

        private bool Holds(Condition condition)
        {
            if (condition.Each == null)
                return results[condition.Call].Succeeded == condition.Expected;
            if (!results[condition.Each.Call].Succeeded)
                return false;
            int count = Items(condition.Each).FindAll(place => condition.Patterns.TrueForAll(place.Last.Matches)).Count;
            return condition.Least <= count && count <= condition.Most;
        }
    }

    // Calls only what NativeMethods and InitiatorService declare.
    static class Exports
    {
        private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;

        // The status of the export. Integers wider than a declared type lose their upper bits. inUse stays true where
        // the call is not known to have come back.
        public static uint Call(string export, ulong[] values, long limit, ref bool inUse)
        {
            MethodInfo method = typeof(NativeMethods).GetMethod(export, Declared)
                ?? typeof(InitiatorService).GetMethod(export, Declared);
            if (method == null)
                throw new NoSuchExportException();
            ParameterInfo[] parameters = method.GetParameters();
            if (parameters.Length != values.Length)
                throw new BatchException(export + " takes " + parameters.Length + " arguments, not " + values.Length);
            object[] arguments = new object[values.Length];
            for (int index = 0; index < values.Length; index++)
                arguments[index] = Converted(values[index], parameters[index].ParameterType);
            return limit == long.MaxValue
                ? Invoke(method, arguments)
                : InvokeWithin((int)Math.Min(limit, int.MaxValue), method, arguments, ref inUse);
        }

        private static object Converted(ulong value, Type type)
        {
            unchecked
            {
                if (type == typeof(IntPtr))
                    return IntPtr.Size == 4 ? new IntPtr((int)value) : new IntPtr((long)value);
                if (type == typeof(byte))
                    return (byte)value;
                if (type == typeof(uint))
                    return (uint)value;
                return value;
            }
        }

        private static uint Invoke(MethodInfo method, object[] arguments)
        {
            try
            {
                return (uint)method.Invoke(null, arguments);
            }
            catch (TargetInvocationException problem)
            {
                if (problem.InnerException is EntryPointNotFoundException)
                    throw new NoSuchExportException();
                throw new DllNotFoundException("iscsidsc.dll cannot be used in this " + 8 * IntPtr.Size
                    + "-bit process: " + problem.InnerException.Message);
            }
        }

        private static uint InvokeWithin(int limit, MethodInfo method, object[] arguments, ref bool inUse)
        {
            uint status = 0;
            Exception problem = null;
            Thread worker = new Thread(() =>
            {
                try
                {
                    status = Invoke(method, arguments);
                }
                catch (Exception caught)  // uncaught, it would end the process
                {
                    problem = caught;
                }
            });
            worker.IsBackground = true;  // does not keep the process alive if it hangs
            inUse = true;
            worker.Start();
            if (!worker.Join(limit))
                throw new TimedOutException();
            inUse = false;
            if (problem != null)
                throw problem;
            return status;
        }
    }

    // -- the machine -------------------------------------------------------------------------------------------------

    static class Win32
    {
        [DllImport("ntdll.dll", ExactSpelling = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern int RtlGetVersion([In, Out] byte[] versionInformation);
        [DllImport("kernel32.dll", ExactSpelling = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern IntPtr GetCurrentProcess();
        [DllImport("kernel32.dll", ExactSpelling = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool CloseHandle(IntPtr handle);
        [DllImport("advapi32.dll", ExactSpelling = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool OpenProcessToken(IntPtr process, uint access, out IntPtr token);
        [DllImport("advapi32.dll", ExactSpelling = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool GetTokenInformation(
            IntPtr token, uint informationClass, [Out] byte[] information, uint size, out uint needed);
        [DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern IntPtr OpenSCManagerW(string machine, string database, uint access);
        [DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern IntPtr OpenServiceW(IntPtr manager, string service, uint access);
        [DllImport("advapi32.dll", ExactSpelling = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool CloseServiceHandle(IntPtr handle);
        [DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool QueryServiceStatus(IntPtr service, [Out] byte[] status);
        [DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool QueryServiceConfigW(
            IntPtr service, [Out] byte[] config, uint size, out uint needed);
        [DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool QueryServiceConfig2W(
            IntPtr service, uint level, [Out] byte[] config, uint size, out uint needed);
        [DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool StartServiceW(IntPtr service, uint count, IntPtr arguments);
        [DllImport("advapi32.dll", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool ChangeServiceConfigW(
            IntPtr service, uint type, uint startMode, uint errorControl, string path, string group, IntPtr tag,
            string dependencies, string account, string password, string displayName);
        [DllImport("advapi32.dll", ExactSpelling = true, SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        internal static extern bool ChangeServiceConfig2W(IntPtr service, uint level, [In] byte[] config);
    }

    // The service MSiSCSI, which every function of iscsidsc.dll needs. Public methods can be called like exports.
    static class InitiatorService
    {
        private const uint SC_MANAGER_CONNECT = 1;
        private const uint SERVICE_QUERY_CONFIG = 1, SERVICE_CHANGE_CONFIG = 2;
        private const uint SERVICE_QUERY_STATUS = 4, SERVICE_START = 0x10;
        private const uint SERVICE_STOPPED = 1, SERVICE_RUNNING = 4;
        private const uint SERVICE_AUTO_START = 2, SERVICE_NO_CHANGE = 0xFFFFFFFF;
        private const uint SERVICE_CONFIG_DELAYED_AUTO_START_INFO = 3;
        private const uint ERROR_SERVICE_REQUEST_TIMEOUT = 1053, ERROR_SERVICE_ALREADY_RUNNING = 1056;
        private const uint ERROR_SERVICE_DOES_NOT_EXIST = 1060, ERROR_PROCESS_ABORTED = 1067;

        private const uint MaxWait = 600 * 1000;  // milliseconds

        // Starts the service and waits until it runs. Returns 0 also if it was running before.
        public static uint StartService(uint TimeoutMilliseconds)
        {
            uint timeout = Math.Min(TimeoutMilliseconds, MaxWait);
            return With(SERVICE_START | SERVICE_QUERY_STATUS, service =>
            {
                uint error = Error(Win32.StartServiceW(service, 0, IntPtr.Zero));
                if (error != 0 && error != ERROR_SERVICE_ALREADY_RUNNING)
                    return error;
                Stopwatch waited = Stopwatch.StartNew();
                while (true)
                {
                    byte[] status = new byte[28];  // SERVICE_STATUS
                    error = Error(Win32.QueryServiceStatus(service, status));
                    uint state = BitConverter.ToUInt32(status, 4), exitCode = BitConverter.ToUInt32(status, 12);
                    if (error != 0 || state == SERVICE_RUNNING)
                        return error;
                    if (state == SERVICE_STOPPED)
                        return exitCode != 0 ? exitCode : ERROR_PROCESS_ABORTED;
                    if (waited.ElapsedMilliseconds >= timeout)
                        return ERROR_SERVICE_REQUEST_TIMEOUT;
                    Thread.Sleep(100);
                }
            });
        }

        // 2 automatic (and not delayed), 3 manual, 4 disabled.
        public static uint SetServiceStartMode(uint StartMode)
        {
            return With(SERVICE_CHANGE_CONFIG | SERVICE_QUERY_CONFIG, service =>
            {
                uint error = Error(Win32.ChangeServiceConfigW(service, SERVICE_NO_CHANGE, StartMode, SERVICE_NO_CHANGE,
                                                              null, null, IntPtr.Zero, null, null, null, null));
                if (error != 0 || StartMode != SERVICE_AUTO_START || !IsDelayed(service))
                    return error;
                return Error(Win32.ChangeServiceConfig2W(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, new byte[4]));
            });
        }

        // State, start mode, and whether the start is delayed. 0, 0xFF and 0 if they are not known.
        internal static byte[] Facts()
        {
            byte[] facts = { 0, 0xFF, 0 };
            With(SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, service =>
            {
                byte[] status = new byte[28], config = new byte[8192];
                uint needed;
                if (Win32.QueryServiceStatus(service, status))
                    facts[0] = status[4];
                if (Win32.QueryServiceConfigW(service, config, (uint)config.Length, out needed))
                    facts[1] = config[4];  // QUERY_SERVICE_CONFIGW.dwStartType
                facts[2] = (byte)(IsDelayed(service) ? 1 : 0);
                return 0;
            });
            return facts;
        }

        private static bool IsDelayed(IntPtr service)
        {
            byte[] delayed = new byte[4];
            uint needed;
            return Win32.QueryServiceConfig2W(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, delayed, 4, out needed)
                && delayed[0] != 0;
        }

        private static uint With(uint access, Func<IntPtr, uint> work)
        {
            IntPtr manager = IntPtr.Zero, service = IntPtr.Zero;
            try
            {
                manager = Win32.OpenSCManagerW(null, null, SC_MANAGER_CONNECT);
                if (manager != IntPtr.Zero)
                    service = Win32.OpenServiceW(manager, "MSiSCSI", access);
                return service == IntPtr.Zero ? (uint)Marshal.GetLastWin32Error() : work(service);
            }
            catch (DllNotFoundException)
            {
                return ERROR_SERVICE_DOES_NOT_EXIST;  // not Windows
            }
            finally
            {
                if (service != IntPtr.Zero)
                    Win32.CloseServiceHandle(service);
                if (manager != IntPtr.Zero)
                    Win32.CloseServiceHandle(manager);
            }
        }

        private static uint Error(bool succeeded)
        {
            return succeeded ? 0 : (uint)Marshal.GetLastWin32Error();
        }
    }

    // The head of an answer: what the machine is before the calls. What Windows does not say is "not known".
    static class Host
    {
        private const uint TOKEN_QUERY = 8, TokenElevation = 20;

        public static byte[] Describe()
        {
            MemoryStream described = new MemoryStream();
            BinaryWriter wire = new BinaryWriter(described);
            byte[] runtime = Encoding.ASCII.GetBytes("CLR " + Environment.Version);
            wire.Write((byte)IntPtr.Size);
            wire.Write((byte)runtime.Length);
            wire.Write(runtime);
            Write(wire, Known(LibraryVersion, new uint[4]));
            Write(wire, Known(WindowsVersion, new uint[3]));
            wire.Write(Known(InitiatorService.Facts, new byte[] { 0, 0xFF, 0 }));
            wire.Write(Known(Elevated, (byte)0xFF));
            return described.ToArray();
        }

        private static void Write(BinaryWriter wire, uint[] numbers)
        {
            wire.Write((ushort)numbers.Length);
            foreach (uint number in numbers)
                wire.Write(number);
        }

        private static T Known<T>(Func<T> ask, T unknown)
        {
            try
            {
                return ask();
            }
            catch (Exception)
            {
                return unknown;
            }
        }

        private static uint[] LibraryVersion()
        {
            string path = Path.Combine(Environment.SystemDirectory, "iscsidsc.dll");
            FileVersionInfo version = FileVersionInfo.GetVersionInfo(path);
            return new uint[] {
                (uint)version.FileMajorPart, (uint)version.FileMinorPart,
                (uint)version.FileBuildPart, (uint)version.FilePrivatePart };
        }

        private static uint[] WindowsVersion()
        {
            // to a program without a manifest of its Windows, Environment.OSVersion reports an older version
            byte[] info = new byte[276];  // OSVERSIONINFOW
            BitConverter.GetBytes(info.Length).CopyTo(info, 0);
            Win32.RtlGetVersion(info);
            return new uint[] {
                BitConverter.ToUInt32(info, 4), BitConverter.ToUInt32(info, 8), BitConverter.ToUInt32(info, 12) };
        }

        private static byte Elevated()
        {
            IntPtr token;
            if (!Win32.OpenProcessToken(Win32.GetCurrentProcess(), TOKEN_QUERY, out token))
                return 0xFF;
            byte[] elevation = new byte[4];
            uint needed;
            bool known = Win32.GetTokenInformation(token, TokenElevation, elevation, 4, out needed);
            Win32.CloseHandle(token);
            return known ? (byte)(BitConverter.ToUInt32(elevation, 0) != 0 ? 1 : 0) : (byte)0xFF;
        }
    }
}
