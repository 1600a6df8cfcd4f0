package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.fails;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;

/** Names that are proven by SASL. The JAAS file has Ann's password, Bob's, and a wrong one of Ann's. */
final class SaslCases {
  private static ZKClientConfig as(String section) {
    ZKClientConfig config = new ZKClientConfig();
    config.setProperty(ZKClientConfig.LOGIN_CONTEXT_NAME_KEY, section);
    return config;
  }

  private static ZooKeeper client(Stage stage, String section, List<KeeperState> states) throws Exception {
    return stage.closing(new ZooKeeper(
        stage.address + stage.root, Stage.SESSION_MS, event -> states.add(event.getState()), as(section)));
  }

  private static ZooKeeper proven(Stage stage, String section) throws Exception {
    List<KeeperState> states = new CopyOnWriteArrayList<>();
    ZooKeeper zk = client(stage, section, states);
    eventually("the name is proven", () -> states.contains(KeeperState.SaslAuthenticated));
    return zk;
  }

  static void addTo(Cases cases) {
    cases.add("SASL: a proven name is good in access lists", stage -> {
      ZooKeeper ann = proven(stage, "Ann");
      ann.create("/own", bytes("x"), Collections.singletonList(new ACL(Perms.ALL, new Id("sasl", "ann"))),
          CreateMode.PERSISTENT);
      same("x", new String(ann.getData("/own", false, null), UTF_8));
      ZooKeeper bob = proven(stage, "Bob");
      fails(Code.NOAUTH, () -> bob.getData("/own", false, null));
    });
    cases.add("SASL: the creator is the proven name", stage -> {
      ZooKeeper ann = proven(stage, "Ann");
      ann.create("/own", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
      same(new Id("sasl", "ann"), ann.getACL("/own", null).get(0).getId());
    });
    cases.add("SASL: a client is told the name it has proven", stage -> {
      List<ClientInfo> known = proven(stage, "Ann").whoAmI();
      that("as ann", known.stream().anyMatch(
          info -> info.getAuthScheme().equals("sasl") && info.getUser().equals("ann")));
    });
    cases.add("SASL: a wrong password ends in failed authentication", stage -> {
      List<KeeperState> states = new CopyOnWriteArrayList<>();
      client(stage, "Wrong", states);
      eventually("it has failed", () -> states.contains(KeeperState.AuthFailed));
    });
    cases.add("SASL: a name is proven again after a lost connection", stage -> {
      Relay relay = stage.closing(new Relay(stage.address));
      CuratorFramework curator = stage.started(CuratorFrameworkFactory.builder()
          .connectString(relay.address() + stage.root)
          .sessionTimeoutMs(Stage.SESSION_MS)
          .zkClientConfig(as("Ann"))
          .retryPolicy(new RetryOneTime(100)));
      curator.create().withACL(Ids.CREATOR_ALL_ACL).forPath("/own", bytes("x"));
      relay.cut();
      eventually("it is cut off", () -> !curator.getZookeeperClient().isConnected());
      relay.restore();
      eventually("it may read what is its own", () -> curator.getData().forPath("/own").length == 1);
    });
  }
}
