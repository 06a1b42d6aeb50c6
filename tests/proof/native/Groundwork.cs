// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Uses each thing of the base class library that the call runner stands on, so that a runtime without it is found out.

using System;
using System.IO;
using System.IO.Compression;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading;

internal static class Native
{
    [DllImport("groundwork.dll", ExactSpelling = true)]
    internal static extern uint Groundwork(uint number, ulong wide, byte flag, IntPtr seen);

    [DllImport("groundwork.dll", ExactSpelling = true)]
    internal static extern uint NotExported();
}

internal static class Program
{
    private const int SeenSize = 32;

    private static byte[] Seen()
    {
        MethodInfo export = typeof(Native).GetMethod("Groundwork", BindingFlags.Static | BindingFlags.NonPublic);
        long[] given = { 7, unchecked((long)0xFEDCBA9876543210), 200 };
        ParameterInfo[] parameters = export.GetParameters();
        object[] arguments = new object[parameters.Length];
        for (int i = 0; i < given.Length; i++)
        {
            arguments[i] = parameters[i].ParameterType == typeof(ulong)
                ? (object)unchecked((ulong)given[i]) : Convert.ChangeType(given[i], parameters[i].ParameterType);
        }
        IntPtr block = Marshal.AllocHGlobal(SeenSize);
        try
        {
            arguments[given.Length] = block;
            uint status = (uint)export.Invoke(null, arguments);
            byte[] seen = new byte[SeenSize];
            Marshal.Copy(block, seen, 0, SeenSize);
            if (Marshal.ReadInt64(block, 16) != block.ToInt64()) throw new InvalidOperationException("another pointer");
            Console.WriteLine("status " + status.ToString("X8"));
            return seen;
        }
        finally
        {
            Marshal.FreeHGlobal(block);
        }
    }

    private static byte[] Gzip(byte[] data)
    {
        using (MemoryStream packed = new MemoryStream())
        {
            using (GZipStream gzip = new GZipStream(packed, CompressionMode.Compress, true))
            {
                gzip.Write(data, 0, data.Length);
            }
            return packed.ToArray();
        }
    }

    private static byte[] Gunzip(byte[] packed)
    {
        GZipStream unpacked = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        using (BinaryReader reader = new BinaryReader(unpacked))
        {
            return reader.ReadBytes(reader.ReadInt32());
        }
    }

    /// In: base64 of gzip of a length (Int32) and that many bytes. Out: the same bytes and more, line by line.
    public static int Main(string[] arguments)
    {
        byte[] data = Gunzip(Convert.FromBase64String(Console.In.ReadToEnd().Trim()));
        string answer = null;
        Thread worker = new Thread(delegate() { answer = Convert.ToBase64String(Gzip(data)); });
        worker.Start();
        if (!worker.Join(TimeSpan.FromSeconds(30))) return 1;
        Console.WriteLine("echo " + answer);
        Console.WriteLine("seen " + Convert.ToBase64String(Seen()));
        Console.WriteLine("arguments " + string.Join("|", arguments));
        Console.WriteLine("runtime " + Environment.OSVersion.Platform + " " + IntPtr.Size);
        try
        {
            Native.NotExported();
        }
        catch (EntryPointNotFoundException)
        {
            Console.WriteLine("missing export is told");
        }
        return 3;
    }
}
