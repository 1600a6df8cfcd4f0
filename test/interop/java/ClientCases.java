package interop;

import static interop.Stage.eventually;
import static interop.Stage.fails;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/** ZooKeeper's own client: requests and their answers. */
final class ClientCases {
  private static final List<ACL> OPEN = Ids.OPEN_ACL_UNSAFE;

  static void addTo(Cases cases) {
    basics(cases);
    refusals(cases);
    multis(cases);
    listings(cases);
    access(cases);
    shortLived(cases);
  }

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static void basics(Cases cases) {
    cases.add("client: what is written can be read, with its stat", stage -> {
      ZooKeeper zk = stage.client();
      Stat created = new Stat();
      same("/a", zk.create("/a", bytes("one"), OPEN, CreateMode.PERSISTENT, created));
      Stat written = zk.setData("/a", bytes("three"), 0);
      Stat read = new Stat();
      same("three", new String(zk.getData("/a", false, read), UTF_8));
      same(written, read);
      same(created.getCzxid(), read.getCzxid());
      same(1, read.getVersion());
      same(5, read.getDataLength());
      that("mzxid grows", read.getMzxid() > read.getCzxid());
      zk.delete("/a", 1);
      same(null, zk.exists("/a", false));
    });
    cases.add("client: no data and empty data are told apart", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/null", null, OPEN, CreateMode.PERSISTENT);
      zk.create("/empty", new byte[0], OPEN, CreateMode.PERSISTENT);
      same(null, zk.getData("/null", false, null));
      same(0, zk.getData("/empty", false, null).length);
    });
    cases.add("client: a znode holds most of a mebibyte", stage -> {
      ZooKeeper zk = stage.client();
      byte[] large = new byte[1_000_000];
      Arrays.fill(large, (byte) 7);
      zk.create("/large", large, OPEN, CreateMode.PERSISTENT);
      that("it is read as written", Arrays.equals(large, zk.getData("/large", false, null)));
    });
    cases.add("client: paths may be in any script", stage -> {
      ZooKeeper zk = stage.client();
      same("/żółw-カメ", zk.create("/żółw-カメ", null, OPEN, CreateMode.PERSISTENT));
      same(List.of("żółw-カメ"), zk.getChildren("/", false));
    });
    cases.add("client: sequence numbers count the creates of the parent", stage -> {
      ZooKeeper zk = stage.client();
      same("/s-0000000000", zk.create("/s-", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL));
      zk.create("/other", null, OPEN, CreateMode.PERSISTENT);
      zk.delete("/other", -1);
      same("/s-0000000002", zk.create("/s-", null, OPEN, CreateMode.EPHEMERAL_SEQUENTIAL));
    });
    cases.add("client: asynchronous answers come in the order of the requests", stage -> {
      ZooKeeper zk = stage.client();
      List<Object> order = Collections.synchronizedList(new ArrayList<>());
      CountDownLatch answered = new CountDownLatch(300);
      AsyncCallback.StatCallback noted = (code, path, context, stat) -> {
        order.add(context);
        answered.countDown();
      };
      zk.create("/n", null, OPEN, CreateMode.PERSISTENT);
      for (int i = 0; i < 300; i += 1) {
        if (i % 3 == 0) zk.setData("/n", bytes("" + i), -1, noted, i);
        else zk.exists("/n", false, noted, i);
      }
      that("all are answered", answered.await(20, TimeUnit.SECONDS));
      for (int i = 0; i < 300; i += 1) same(i, order.get(i));
    });
    cases.add("client: sync is answered, and what another client wrote before it is seen", stage -> {
      ZooKeeper zk = stage.client();
      stage.client().create("/written", null, OPEN, CreateMode.PERSISTENT);
      CompletableFuture<Integer> synced = new CompletableFuture<>();
      zk.sync("/", (code, path, context) -> synced.complete(code), null);
      same(Code.OK.intValue(), synced.get(20, TimeUnit.SECONDS));
      that("the znode is seen", zk.exists("/written", false) != null);
    });
  }

  private static void refusals(Cases cases) {
    cases.add("client: a refusal says why", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/a", null, OPEN, CreateMode.PERSISTENT);
      zk.create("/a/b", null, OPEN, CreateMode.EPHEMERAL);
      fails(Code.NODEEXISTS, () -> zk.create("/a", null, OPEN, CreateMode.PERSISTENT));
      fails(Code.NONODE, () -> zk.create("/x/y", null, OPEN, CreateMode.PERSISTENT));
      fails(Code.NOCHILDRENFOREPHEMERALS, () -> zk.create("/a/b/c", null, OPEN, CreateMode.PERSISTENT));
      fails(Code.BADVERSION, () -> zk.setData("/a", null, 7));
      fails(Code.NONODE, () -> zk.getChildren("/x", false));
      fails(Code.NOTEMPTY, () -> {
        zk.delete("/a", -1);
        return null;
      });
      fails(Code.INVALIDACL, () -> zk.create("/c", null, Collections.emptyList(), CreateMode.PERSISTENT));
      fails(Code.INVALIDACL, () -> zk.create("/c", null, acl("nosuch", "x"), CreateMode.PERSISTENT));
    });
  }

  private static List<ACL> acl(String scheme, String id) {
    return acl(Perms.ALL, new Id(scheme, id));
  }

  /** The client asks its lists for null, which those of List.of do not allow. */
  private static List<ACL> acl(int permissions, Id id) {
    return Collections.singletonList(new ACL(permissions, id));
  }

  private static void multis(Cases cases) {
    cases.add("multi: all of it happens, and each part is answered", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/old", null, OPEN, CreateMode.PERSISTENT);
      List<OpResult> results = zk.multi(List.of(
          Op.check("/old", 0),
          Op.create("/new", bytes("x"), OPEN, CreateMode.PERSISTENT),
          Op.create("/new/s-", null, OPEN, CreateMode.EPHEMERAL_SEQUENTIAL),
          Op.setData("/new", bytes("y"), 0),
          Op.delete("/old", -1)));
      // This version of the client leaves the path of the address in what a multi answers.
      same(stage.root + "/new", ((OpResult.CreateResult) results.get(1)).getPath());
      same(stage.root + "/new/s-0000000000", ((OpResult.CreateResult) results.get(2)).getPath());
      same(1, ((OpResult.SetDataResult) results.get(3)).getStat().getVersion());
      same(null, zk.exists("/old", false));
    });
    cases.add("multi: none of it happens when a part is refused, and the answer says which", stage -> {
      ZooKeeper zk = stage.client();
      try {
        zk.multi(List.of(
            Op.create("/a", null, OPEN, CreateMode.PERSISTENT),
            Op.delete("/none", -1),
            Op.create("/b", null, OPEN, CreateMode.PERSISTENT)));
        throw new AssertionError("the multi was answered");
      } catch (KeeperException e) {
        same(Code.NONODE, e.code());
        List<OpResult> results = e.getResults();
        same(0, ((OpResult.ErrorResult) results.get(0)).getErr());
        same(Code.NONODE.intValue(), ((OpResult.ErrorResult) results.get(1)).getErr());
        same(Code.RUNTIMEINCONSISTENCY.intValue(), ((OpResult.ErrorResult) results.get(2)).getErr());
      }
      same(null, zk.exists("/a", false));
    });
    cases.add("multi: of reads answers each by itself", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/a", bytes("data"), OPEN, CreateMode.PERSISTENT);
      zk.create("/a/child", null, OPEN, CreateMode.PERSISTENT);
      List<OpResult> results = zk.multi(List.of(Op.getData("/a"), Op.getData("/none"), Op.getChildren("/a")));
      same("data", new String(((OpResult.GetDataResult) results.get(0)).getData(), UTF_8));
      same(Code.NONODE.intValue(), ((OpResult.ErrorResult) results.get(1)).getErr());
      same(List.of("child"), ((OpResult.GetChildrenResult) results.get(2)).getChildren());
    });
  }

  private static void listings(Cases cases) {
    cases.add("client: thousands of children are listed", stage -> {
      ZooKeeper zk = stage.client();
      CountDownLatch created = new CountDownLatch(3_000);
      AsyncCallback.StringCallback noted = (code, path, context, name) -> created.countDown();
      for (int i = 0; i < 3_000; i += 1) zk.create("/n" + i, null, OPEN, CreateMode.PERSISTENT, noted, null);
      that("all are created", created.await(30, TimeUnit.SECONDS));
      Stat stat = new Stat();
      same(3_000, zk.getChildren("/", false, stat).size());
      same(3_000, stat.getNumChildren());
    });
    cases.add("client: descendants are counted", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/a", null, OPEN, CreateMode.PERSISTENT);
      zk.create("/a/b", null, OPEN, CreateMode.PERSISTENT);
      zk.create("/a/b/c", null, OPEN, CreateMode.PERSISTENT);
      same(2, zk.getAllChildrenNumber("/a"));
    });
    cases.add("client: a session's ephemerals are listed, by prefix", stage -> {
      ZooKeeper zk = Stage.connected(stage.address, Stage.SESSION_MS);
      stage.closing(zk);
      for (String name : List.of("/e1", "/e2", "/f1")) zk.create(stage.root + name, null, OPEN, CreateMode.EPHEMERAL);
      same(2, zk.getEphemerals(stage.root + "/e").size());
      same(3, zk.getEphemerals().size());
    });
    cases.add("client: the configuration can be read and watched", stage -> {
      ZooKeeper zk = stage.client();
      Stat stat = new Stat();
      that("it is text", zk.getConfig(event -> {}, stat) != null);
    });
    cases.add("client: a path in the address is the root, in answers and events too", stage -> {
      ZooKeeper plain = stage.closing(Stage.connected(stage.address, Stage.SESSION_MS));
      ZooKeeper zk = stage.client();
      CompletableFuture<String> seen = new CompletableFuture<>();
      zk.exists("/x", event -> seen.complete(event.getPath()));
      same(stage.root + "/x", plain.create(stage.root + "/x", null, OPEN, CreateMode.PERSISTENT));
      same("/x", seen.get(20, TimeUnit.SECONDS));
      same("/s0000000001", zk.create("/s", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL));
    });
  }

  private static void access(Cases cases) {
    cases.add("access: what belongs to a digest is closed to others and open to its owner", stage -> {
      ZooKeeper owner = stage.client();
      owner.addAuthInfo("digest", bytes("ann:pw"));
      owner.create("/own", bytes("secret"), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
      ZooKeeper other = stage.client();
      fails(Code.NOAUTH, () -> other.getData("/own", false, null));
      fails(Code.NOAUTH, () -> other.setData("/own", null, -1));
      fails(Code.NOAUTH, () -> other.setACL("/own", OPEN, -1));
      other.addAuthInfo("digest", bytes("ann:pw"));
      same("secret", new String(other.getData("/own", false, null), UTF_8));
      same("digest", owner.getACL("/own", new Stat()).get(0).getId().getScheme());
    });
    cases.add("access: permissions are told apart", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/r", null, acl(Perms.READ, Ids.ANYONE_ID_UNSAFE), CreateMode.PERSISTENT);
      same(null, zk.getData("/r", false, null));
      fails(Code.NOAUTH, () -> zk.setData("/r", null, -1));
      fails(Code.NOAUTH, () -> zk.create("/r/c", null, OPEN, CreateMode.PERSISTENT));
    });
    cases.add("access: by address", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/here", null, acl("ip", "127.0.0.0/8"), CreateMode.PERSISTENT);
      zk.create("/there", null, acl("ip", "10.0.0.0/8"), CreateMode.PERSISTENT);
      same(null, zk.getData("/here", false, null));
      fails(Code.NOAUTH, () -> zk.getData("/there", false, null));
    });
    cases.add("access: an ACL has versions of its own", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/a", null, OPEN, CreateMode.PERSISTENT);
      same(1, zk.setACL("/a", OPEN, 0).getAversion());
      fails(Code.BADVERSION, () -> zk.setACL("/a", OPEN, 0));
    });
    cases.add("access: the super user may do everything", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/locked", bytes("x"), acl("digest", "nobody:zzzzzzzzzzzzzzzzzzzzzzzzzzz="), CreateMode.PERSISTENT);
      fails(Code.NOAUTH, () -> zk.getData("/locked", false, null));
      zk.addAuthInfo("digest", bytes("super:test"));
      same("x", new String(zk.getData("/locked", false, null), UTF_8));
    });
    cases.add("access: a client is told who it is", stage -> {
      ZooKeeper zk = stage.client();
      zk.addAuthInfo("digest", bytes("ann:pw"));
      List<String> known = new ArrayList<>();
      for (ClientInfo info : zk.whoAmI()) known.add(info.getAuthScheme() + " " + info.getUser());
      that("by its digest: " + known, known.contains("digest ann"));
      that("by its address: " + known, known.contains("ip 127.0.0.1"));
    });
  }

  private static void shortLived(Cases cases) {
    cases.add("client: a container goes when its last child has gone", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/box", null, OPEN, CreateMode.CONTAINER);
      zk.create("/box/thing", null, OPEN, CreateMode.PERSISTENT);
      zk.delete("/box/thing", -1);
      eventually("the container is gone", () -> zk.exists("/box", false) == null);
    });
    cases.add("client: a znode with a time to live goes when that is over", stage -> {
      ZooKeeper zk = stage.client();
      zk.create("/long", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, new Stat(), 600_000);
      zk.create("/brief", null, OPEN, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 300);
      eventually("it is gone", () -> zk.exists("/brief", false) == null);
      same(List.of("long0000000000"), zk.getChildren("/", false));
    });
  }
}
